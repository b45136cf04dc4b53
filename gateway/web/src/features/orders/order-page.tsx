import { ArrowLeftOutlined } from '@ant-design/icons'
import { Alert, Button, Card, Skeleton, Space, Typography } from 'antd'
import { Suspense, lazy, useState } from 'react'
import { Link, useParams } from 'react-router'
import { Figure } from '@/components/figure'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { useOrder, useRefreshOrder, type Order } from '@/features/orders/order-queries'
import { OrderRefunds } from '@/features/orders/order-refunds'
import { OrderInstalments, OrderLines, OrderLots, OrderPayments } from '@/features/orders/order-sections'
import { OrderStateTag } from '@/features/orders/order-words'
import { useCustomerNames } from '@/lib/customers'
import { formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useLiveRefresh } from '@/lib/live-refresh'
import { formatFen } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

const PaymentDialog = lazy(async () => ({ default: (await import('@/features/orders/payment-dialog')).PaymentDialog }))
const RefundDialog = lazy(async () => ({ default: (await import('@/features/orders/refund-dialog')).RefundDialog }))

/** What is still to be paid; nothing for orders that take no money any more. */
function openFenOf(order: Order): string {
  const takes = order.state === 'ORDER_STATE_OPEN' || order.state === 'ORDER_STATE_PART_PAID'
  return takes ? String(BigInt(order.totalFen ?? '0') - BigInt(order.paidFen ?? '0')) : '0'
}

function Actions({ order }: { order: Order }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const [open, setOpen] = useState<'payment' | 'refund' | null>(null)
  const orderId = order.orderId ?? ''
  const openFen = openFenOf(order)
  const settled = order.approval === 'ORDER_APPROVAL_NOT_NEEDED' || order.approval === 'ORDER_APPROVAL_APPROVED'
  const kept = BigInt(order.paidFen ?? '0') > BigInt(order.refundedFen ?? '0')
  return (
    <Space>
      {openFen !== '0' && can(session, 'payment.receive') && (
        <Button type="primary" disabled={!settled} onClick={() => setOpen('payment')}>
          {text('order.pay')}
        </Button>
      )}
      {kept && can(session, 'refund.request') && <Button onClick={() => setOpen('refund')}>{text('order.refund')}</Button>}
      <Suspense>
        {open === 'payment' && <PaymentDialog orderId={orderId} openFen={openFen} onClose={() => setOpen(null)} />}
        {open === 'refund' && <RefundDialog orderId={orderId} onClose={() => setOpen(null)} />}
      </Suspense>
    </Space>
  )
}

function Heading({ order }: { order: Order }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const name = useCustomerNames([order.customerId])(order.customerId)
  const facts = [
    campuses.name(order.campusId),
    order.ownerId ? staffName(order.ownerId) : '',
    formatInstant(order.createTime, campuses.timeZone(order.campusId)),
  ]
  return (
    <Card size="small">
      <div className={styles['who']} style={{ marginBottom: 0 }}>
        <div className={styles['name']}>
          <Typography.Title level={1} className={styles['title'] ?? ''}>
            {text('order.title', { name: name || text('orders.unnamed') })}
          </Typography.Title>
          <OrderStateTag state={order.state} />
          <Typography.Text type="secondary">{facts.filter(Boolean).join(' · ')}</Typography.Text>
        </div>
        <div className={styles['owner']}>
          {name !== '' && can(session, 'student.read') && <Link to={`/students/${order.customerId}`}>{text('order.openStudent')}</Link>}
          <Actions order={order} />
        </div>
      </div>
    </Card>
  )
}

function OrderBody({ order }: { order: Order }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  return (
    <div className={styles['page']}>
      <Heading order={order} />
      {order.approval === 'ORDER_APPROVAL_WAITING' && <Alert type="info" showIcon title={text('order.approval.waiting')} />}
      {order.approval === 'ORDER_APPROVAL_REJECTED' && <Alert type="warning" showIcon title={text('order.approval.rejected')} />}
      <div className={styles['figures']}>
        <Figure label={text('order.total')} value={formatFen(order.totalFen ?? '0')} />
        <Figure label={text('order.paid')} value={formatFen(order.paidFen ?? '0')} />
        <Figure label={text('order.open')} value={formatFen(openFenOf(order))} />
        {(order.refundedFen ?? '0') !== '0' && <Figure label={text('order.refunded')} value={formatFen(order.refundedFen ?? '0')} />}
      </div>
      <OrderLines order={order} />
      <OrderInstalments order={order} />
      {can(session, 'payment.read') && <OrderPayments order={order} />}
      {can(session, 'lot.read') && <OrderLots order={order} />}
      {can(session, 'refund.read') && <OrderRefunds order={order} />}
    </div>
  )
}

export function OrderPage(): React.ReactNode {
  const text = useText()
  const { orderId = '' } = useParams()
  const order = useOrder(orderId)
  const refresh = useRefreshOrder(orderId)
  useLiveRefresh(({ aggregateId, kind }) => (aggregateId === orderId ? 'now' : kind.startsWith('billing.') ? 'soon' : 'no'), refresh)
  return (
    <>
      <Link to="/orders" className={styles['back']}>
        <ArrowLeftOutlined /> {text('order.back')}
      </Link>
      {order.isError && <ProblemNotice error={order.error} onRetry={() => void order.refetch()} />}
      {order.isPending && <Skeleton active paragraph={{ rows: 12 }} />}
      {order.data !== undefined && !order.isError && <OrderBody key={orderId} order={order.data} />}
    </>
  )
}
