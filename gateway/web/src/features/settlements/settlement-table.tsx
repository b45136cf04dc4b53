import { Typography, type TableColumnsType } from 'antd'
import { CardLine, CardLink, RecordCards } from '@/components/record-cards'
import { RecordTable, RowLink, SecondLine } from '@/components/record-table'
import type { Settlement } from '@/features/settlements/settlement-queries'
import { SettlementStateTag, monthOf, usePartyName } from '@/features/settlements/settlement-words'
import { formatFen } from '@/lib/money'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  settlements: readonly Settlement[]
  loading: boolean
}

/** The list of statements on wide screens. */
export function SettlementTable({ settlements, loading }: Properties): React.ReactNode {
  const text = useText()
  const partyName = usePartyName()
  const columns: TableColumnsType<Settlement> = [
    {
      title: text('settlements.column.party'),
      render: (_, row) => (
        <>
          <RowLink to={`/settlements/${row.settlementId}`}>{partyName(row)}</RowLink>
          <SecondLine>{word(text, 'settlementParty', row.party)}</SecondLine>
        </>
      ),
    },
    { title: text('settlements.column.month'), width: 120, render: (_, row) => <span className="mono">{monthOf(row)}</span> },
    { title: text('settlements.column.state'), width: 120, render: (_, row) => <SettlementStateTag state={row.state} /> },
    { title: text('settlements.column.lines'), width: 110, align: 'right', render: (_, row) => <span className="mono">{row.lineCount}</span> },
    {
      title: text('settlements.column.amount'),
      width: 160,
      align: 'right',
      render: (_, row) => <strong className="mono">{formatFen(row.amountFen ?? '0')}</strong>,
    },
  ]
  return <RecordTable rows={settlements} loading={loading} columns={columns} rowKey={(row) => row.settlementId ?? ''} />
}

/** The list of statements on narrow screens. */
export function SettlementCards({ settlements, loading }: Properties): React.ReactNode {
  const text = useText()
  const partyName = usePartyName()
  const draw = (row: Settlement): React.ReactNode => (
    <>
      <CardLine>
        <CardLink to={`/settlements/${row.settlementId}`}>{partyName(row)}</CardLink>
        <SettlementStateTag state={row.state} />
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">
          {word(text, 'settlementParty', row.party)} · {monthOf(row)}
        </Typography.Text>
        <strong className="mono">{formatFen(row.amountFen ?? '0')}</strong>
      </CardLine>
    </>
  )
  return <RecordCards rows={settlements} loading={loading} rowKey={(row) => row.settlementId ?? ''} draw={draw} />
}
