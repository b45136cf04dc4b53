import { Button } from 'antd'
import { EmptyList } from '@/components/empty-list'
import { useText } from '@/lib/text'

interface Properties {
  filtered: boolean
  onClear: () => void
  /** Absent for people who may not import. */
  onImport?: () => void
}

/** An empty lead list that says what to do about it. */
export function EmptyLeads({ filtered, onClear, onImport }: Properties): React.ReactNode {
  const text = useText()
  if (filtered) return <EmptyList title={text('leads.noMatch.title')} hint={text('leads.noMatch.hint')} onClear={onClear} />
  return (
    <EmptyList title={text('leads.empty.title')} hint={text(onImport === undefined ? 'leads.empty.readOnly' : 'leads.empty.hint')}>
      {onImport !== undefined && (
        <Button type="primary" onClick={onImport}>
          {text('import.title')}
        </Button>
      )}
    </EmptyList>
  )
}
