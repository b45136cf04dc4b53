import { Typography, type TableColumnsType } from 'antd'
import { CardLine, CardLink, RecordCards } from '@/components/record-cards'
import { RecordTable, RowLink } from '@/components/record-table'
import type { Order } from '@/features/orders/order-queries'
import { OrderStateTag } from '@/features/orders/order-words'
import { useCustomerNames } from '@/lib/customers'
import { formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { formatFen } from '@/lib/money'
import { useText } from '@/lib/text'

interface Properties {
  orders: readonly Order[]
  loading: boolean
}

/** The order list on wide screens. */
export function OrderTable({ orders, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const nameOf = useCustomerNames(orders.map(({ customerId }) => customerId))
  const columns: TableColumnsType<Order> = [
    {
      title: text('orders.column.customer'),
      render: (_, order) => <RowLink to={`/orders/${order.orderId}`}>{nameOf(order.customerId) || text('orders.unnamed')}</RowLink>,
    },
    { title: text('orders.column.state'), width: 120, render: (_, order) => <OrderStateTag state={order.state} /> },
    {
      title: text('orders.column.total'),
      width: 140,
      align: 'right',
      render: (_, order) => <span className="mono">{formatFen(order.totalFen ?? '0')}</span>,
    },
    {
      title: text('orders.column.paid'),
      width: 140,
      align: 'right',
      render: (_, order) => <span className="mono">{formatFen(order.paidFen ?? '0')}</span>,
    },
    { title: text('leads.filter.campus'), width: 200, render: (_, order) => campuses.name(order.campusId) },
    { title: text('orders.column.owner'), width: 140, render: (_, order) => (order.ownerId ? staffName(order.ownerId) : '') },
    {
      title: text('orders.column.time'),
      width: 170,
      render: (_, order) => <span className="mono">{formatInstant(order.createTime, campuses.timeZone(order.campusId))}</span>,
    },
  ]
  return <RecordTable rows={orders} loading={loading} columns={columns} rowKey={(order) => order.orderId ?? ''} />
}

/** The order list on narrow screens. */
export function OrderCards({ orders, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const nameOf = useCustomerNames(orders.map(({ customerId }) => customerId))
  const draw = (order: Order): React.ReactNode => (
    <>
      <CardLine>
        <CardLink to={`/orders/${order.orderId}`}>{nameOf(order.customerId) || text('orders.unnamed')}</CardLink>
        <OrderStateTag state={order.state} />
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">{campuses.name(order.campusId)}</Typography.Text>
        <strong className="mono">{formatFen(order.totalFen ?? '0')}</strong>
      </CardLine>
    </>
  )
  return <RecordCards rows={orders} loading={loading} rowKey={(order) => order.orderId ?? ''} draw={draw} />
}
