import { Button, Typography } from 'antd'
import { Suspense, lazy, useState } from 'react'
import { Section } from '@/components/section'
import { useRefunds, type Order, type Refund } from '@/features/orders/order-queries'
import { RefundStateTag } from '@/features/orders/order-words'
import { formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { formatFen } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

const RefundDecision = lazy(async () => ({ default: (await import('@/features/orders/refund-decision')).RefundDecision }))

/** Refunds of an order; whoever may decide about one does it here. */
export function OrderRefunds({ order }: { order: Order }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const zone = useCampuses().timeZone(order.campusId)
  const refunds = useRefunds(order.orderId ?? '', can(session, 'refund.read'))
  const [chosen, setChosen] = useState<Refund | null>(null)
  const mayAct = can(session, 'refund.approve') || can(session, 'refund.request')
  return (
    <>
      <Section title={text('order.refunds')} none={text('order.refunds.none')}>
        {(refunds.data ?? []).map((refund) => (
          <li key={refund.refundId}>
            <span>
              <RefundStateTag state={refund.state} />
              <Typography.Text type="secondary" className="mono">
                {formatInstant(refund.createTime, zone)}
              </Typography.Text>
            </span>
            <span>
              {refund.state === 'REFUND_STATE_REQUESTED' && mayAct && (
                <Button type="link" size="small" onClick={() => setChosen(refund)}>
                  {text('order.refund.decide')}
                </Button>
              )}
              <span className="mono">{formatFen(refund.amountFen ?? '0')}</span>
            </span>
          </li>
        ))}
      </Section>
      <Suspense>
        {chosen !== null && <RefundDecision orderId={order.orderId ?? ''} refund={chosen} onClose={() => setChosen(null)} />}
      </Suspense>
    </>
  )
}
