import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button, Space, Typography } from 'antd'
import { useText } from '@/lib/text'

interface Properties {
  hint: string
  /** Absent on the first page. */
  previous?: () => void
  /** False when `previous` leads to the first page because the way here is not known. */
  isFirstKnown: boolean
  /** Absent on the last page. */
  next?: () => void
}

export function Pager({ hint, previous, isFirstKnown, next }: Properties): React.ReactNode {
  const text = useText()
  return (
    <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center', gap: 12, marginTop: 12 }}>
      <Typography.Text type="secondary" style={{ fontSize: 12, whiteSpace: 'pre' }}>
        {hint}
      </Typography.Text>
      {(previous !== undefined || next !== undefined) && (
        <Space>
          <Button icon={<LeftOutlined />} disabled={previous === undefined} onClick={previous}>
            {text(previous !== undefined && !isFirstKnown ? 'list.first' : 'list.previous')}
          </Button>
          <Button icon={<RightOutlined />} iconPlacement="end" disabled={next === undefined} onClick={next}>
            {text('list.next')}
          </Button>
        </Space>
      )}
    </div>
  )
}
