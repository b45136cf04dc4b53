import { Typography } from 'antd'
import styles from '@/components/record-page.module.css'
import type { Refund } from '@/features/orders/order-queries'
import { formatFen } from '@/lib/money'
import { usePreferences } from '@/lib/preferences'
import { useText } from '@/lib/text'

/** How a refund came to its sum, one line an amount. */
export function RefundLines({ refund }: { refund: Refund }): React.ReactNode {
  const text = useText()
  const chinese = usePreferences().language === 'zh-CN'
  return (
    <ul className={styles['rows']}>
      {(refund.lines ?? []).map((line, index) => (
        <li key={`${line.kind}${String(index)}`}>
          <Typography.Text type="secondary">{chinese ? line.explanationZh : line.explanation}</Typography.Text>
          <span className="mono">{formatFen(line.amountFen ?? '0')}</span>
        </li>
      ))}
      <li>
        <strong>{text('order.refund.sum')}</strong>
        <strong className="mono">{formatFen(refund.amountFen ?? '0')}</strong>
      </li>
    </ul>
  )
}
