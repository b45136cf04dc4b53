import { Button, Empty, Typography } from 'antd'
import { useText } from '@/lib/text'

interface Properties {
  filtered: boolean
  onClear: () => void
  /** Absent for people who may not import. */
  onImport?: () => void
}

/** An empty list that says what to do about it. */
export function EmptyLeads({ filtered, onClear, onImport }: Properties): React.ReactNode {
  const text = useText()
  const hint = filtered ? 'leads.noMatch.hint' : onImport === undefined ? 'leads.empty.readOnly' : 'leads.empty.hint'
  return (
    <Empty
      image={Empty.PRESENTED_IMAGE_SIMPLE}
      style={{ padding: '56px 16px', margin: 0 }}
      description={
        <>
          <Typography.Text strong>{text(filtered ? 'leads.noMatch.title' : 'leads.empty.title')}</Typography.Text>
          <br />
          <Typography.Text type="secondary">{text(hint)}</Typography.Text>
        </>
      }
    >
      {filtered && <Button onClick={onClear}>{text('action.clear')}</Button>}
      {!filtered && onImport !== undefined && (
        <Button type="primary" onClick={onImport}>
          {text('import.title')}
        </Button>
      )}
    </Empty>
  )
}
