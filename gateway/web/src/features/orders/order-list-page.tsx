import { useSearchParams } from 'react-router'
import { ChoiceFilter } from '@/components/choice-filter'
import { EmptyList } from '@/components/empty-list'
import { ListPage } from '@/components/list-page'
import styles from '@/components/toolbar.module.css'
import { useOrders } from '@/features/orders/order-queries'
import { ORDERS, isFiltered, readSearch, writeSearch, type OrderSearch } from '@/features/orders/order-search'
import { OrderCards, OrderTable } from '@/features/orders/order-table'
import { STATES } from '@/features/orders/order-words'
import { useCampuses, useStaff } from '@/lib/directory'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface ToolbarProperties {
  search: OrderSearch
  onChange: (next: Partial<OrderSearch>) => void
}

function Toolbar({ search, onChange }: ToolbarProperties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const advisors = useStaff('course_advisor')
  return (
    <div className={styles['toolbar']} role="search">
      <ChoiceFilter
        label={text('orders.column.state')}
        value={search.state}
        choices={STATES.map((state) => ({ value: state, label: word(text, 'orderState', state) }))}
        onChange={(state) => onChange({ state })}
      />
      {campuses.list.length > 1 && (
        <ChoiceFilter
          label={text('leads.filter.campus')}
          value={search.campus}
          choices={campuses.list.map((campus) => ({ value: campus.campusId ?? '', label: campus.name ?? '' }))}
          onChange={(campus) => onChange({ campus })}
        />
      )}
      {advisors.length > 0 && (
        <ChoiceFilter
          label={text('orders.column.owner')}
          value={search.owner}
          choices={advisors.map((person) => ({ value: person.staffId ?? '', label: person.displayName ?? '' }))}
          onChange={(owner) => onChange({ owner })}
        />
      )}
      <ChoiceFilter
        label={text('orders.order')}
        value={search.order}
        choices={ORDERS.map((order) => ({ value: order, label: word(text, 'orders.order', order) }))}
        onChange={(order) => onChange({ order })}
      />
    </div>
  )
}

export function OrderListPage(): React.ReactNode {
  const text = useText()
  const [address, setAddress] = useSearchParams()
  const search = readSearch(address)
  const orders = useOrders(search)
  const filtered = isFiltered(search)
  return (
    <ListPage
      title={text('place.orders')}
      toolbar={<Toolbar search={search} onChange={(next) => setAddress(writeSearch({ ...search, page: '', ...next }))} />}
      listing={{ ...orders, rows: orders.data?.orders ?? [], nextPageToken: orders.data?.nextPageToken }}
      page={search.page}
      addressOf={(page) => writeSearch({ ...search, page }).toString()}
      empty={
        <EmptyList
          title={text(filtered ? 'orders.noMatch.title' : 'orders.empty.title')}
          hint={text(filtered ? 'orders.noMatch.hint' : 'orders.empty.hint')}
          onClear={filtered ? () => setAddress(new URLSearchParams()) : undefined}
        />
      }
    >
      {(rows, loading, wide) => (wide ? <OrderTable orders={rows} loading={loading} /> : <OrderCards orders={rows} loading={loading} />)}
    </ListPage>
  )
}
