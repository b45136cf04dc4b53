import { useSearchParams } from 'react-router'
import { ChoiceFilter } from '@/components/choice-filter'
import { EmptyList } from '@/components/empty-list'
import { ListPage } from '@/components/list-page'
import styles from '@/components/toolbar.module.css'
import { RunMonth } from '@/features/settlements/run-month'
import { useSettlements } from '@/features/settlements/settlement-queries'
import { isFiltered, lastMonths, readSearch, writeSearch, type SettlementSearch } from '@/features/settlements/settlement-search'
import { SettlementCards, SettlementTable } from '@/features/settlements/settlement-table'
import { PARTIES, STATES } from '@/features/settlements/settlement-words'
import { formatDay } from '@/lib/dates'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface ToolbarProperties {
  search: SettlementSearch
  onChange: (next: Partial<SettlementSearch>) => void
}

function Toolbar({ search, onChange }: ToolbarProperties): React.ReactNode {
  const text = useText()
  return (
    <div className={styles['toolbar']} role="search">
      <ChoiceFilter
        label={text('settlements.column.month')}
        value={search.month}
        choices={lastMonths(formatDay(new Date().toISOString())).map((month) => ({ value: month, label: month }))}
        onChange={(month) => onChange({ month })}
      />
      <ChoiceFilter
        label={text('settlements.column.party')}
        value={search.party}
        choices={PARTIES.map((party) => ({ value: party, label: word(text, 'settlementParty', party) }))}
        onChange={(party) => onChange({ party })}
      />
      <ChoiceFilter
        label={text('settlements.column.state')}
        value={search.state}
        choices={STATES.map((state) => ({ value: state, label: word(text, 'settlementState', state) }))}
        onChange={(state) => onChange({ state })}
      />
    </div>
  )
}

/** What each campus, advisor, teacher and partner gets for a month. */
export function SettlementListPage(): React.ReactNode {
  const text = useText()
  const [address, setAddress] = useSearchParams()
  const search = readSearch(address)
  const settlements = useSettlements(search)
  const filtered = isFiltered(search)
  return (
    <ListPage
      title={text('place.settlements')}
      actions={<RunMonth month={search.month || formatDay(new Date().toISOString()).slice(0, 7)} />}
      toolbar={<Toolbar search={search} onChange={(next) => setAddress(writeSearch({ ...search, page: '', ...next }))} />}
      listing={{ ...settlements, rows: settlements.data?.settlements ?? [], nextPageToken: settlements.data?.nextPageToken }}
      page={search.page}
      addressOf={(page) => writeSearch({ ...search, page }).toString()}
      empty={
        <EmptyList
          title={text(filtered ? 'settlements.noMatch.title' : 'settlements.empty.title')}
          hint={text(filtered ? 'settlements.noMatch.hint' : 'settlements.empty.hint')}
          onClear={filtered ? () => setAddress(new URLSearchParams()) : undefined}
        />
      }
    >
      {(rows, loading, wide) =>
        wide ? <SettlementTable settlements={rows} loading={loading} /> : <SettlementCards settlements={rows} loading={loading} />
      }
    </ListPage>
  )
}
