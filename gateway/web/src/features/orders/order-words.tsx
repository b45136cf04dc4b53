import { Tag } from 'antd'
import type { Order, Refund } from '@/features/orders/order-queries'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

export const STATES = [
  'ORDER_STATE_OPEN',
  'ORDER_STATE_PART_PAID',
  'ORDER_STATE_PAID',
  'ORDER_STATE_REFUNDED',
  'ORDER_STATE_VOID',
] as const

const COLOURS: Readonly<Partial<Record<string, string>>> = {
  ORDER_STATE_OPEN: 'gold',
  ORDER_STATE_PART_PAID: 'blue',
  ORDER_STATE_PAID: 'green',
  REFUND_STATE_REQUESTED: 'gold',
  REFUND_STATE_APPROVED: 'blue',
  REFUND_STATE_PAID: 'green',
  REFUND_STATE_REJECTED: 'red',
}

export function OrderStateTag({ state }: { state: Order['state'] }): React.ReactNode {
  const text = useText()
  return <Tag color={COLOURS[state ?? ''] ?? 'default'}>{word(text, 'orderState', state)}</Tag>
}

export function RefundStateTag({ state }: { state: Refund['state'] }): React.ReactNode {
  const text = useText()
  return <Tag color={COLOURS[state ?? ''] ?? 'default'}>{word(text, 'refundState', state)}</Tag>
}
