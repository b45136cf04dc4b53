import { Button, Empty, Typography } from 'antd'
import { useText } from '@/lib/text'

interface Properties {
  title: string
  hint: string
  /** Present when filters hide what there is. */
  onClear?: () => void
  children?: React.ReactNode
}

/** An empty list that says what to do about it. */
export function EmptyList({ title, hint, onClear, children }: Properties): React.ReactNode {
  const text = useText()
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: '56px 16px', margin: 0 }}
      description={
        <>
          <Typography.Text strong>{title}</Typography.Text>
          <br />
          <Typography.Text type="secondary">{hint}</Typography.Text>
        </>
      }
    >
      {onClear !== undefined && <Button onClick={onClear}>{text('action.clear')}</Button>}
      {children}
    </Empty>
  )
}
