import { PrinterOutlined } from '@ant-design/icons'
import { Button, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { Section } from '@/components/section'
import { readReceipt, useInstalments, useLots, usePayments, type Order } from '@/features/orders/order-queries'
import { openFile } from '@/lib/files'
import { formatInstant, formatLocalDate } from '@/lib/dates'
import { useCampuses, useCourses } from '@/lib/directory'
import { formatFen, formatHundredths } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  order: Order
}

function useCourseName(): (id: string | undefined) => string {
  const courses = useCourses()
  return (id) => courses.find((course) => course.courseId === id)?.name ?? ''
}

export function OrderLines({ order }: Properties): React.ReactNode {
  const text = useText()
  const courseName = useCourseName()
  const campuses = useCampuses()
  const shares = (order.allocations ?? []).map(
    ({ campusId, basisPoints = 0 }) => `${campuses.name(campusId)} ${String(basisPoints / 100)}%`,
  )
  return (
    <Section
      title={text('order.lines')}
      none={text('order.lines.none')}
      extra={shares.length > 0 && <Typography.Text type="secondary">{`${text('order.allocation')} ${shares.join(' · ')}`}</Typography.Text>}
    >
      {(order.lines ?? []).map((line) => (
        <li key={line.orderLineId}>
          <span>
            {courseName(line.courseId)}{' '}
            <Typography.Text type="secondary">
              {line.kind === 'LINE_KIND_CLASS_SEAT'
                ? text('order.seat')
                : text('order.hours', { hours: formatHundredths(line.lessonHoursHundredths ?? '0') })}
              {(line.giftHundredths ?? '0') !== '0' && ` · ${text('order.gift', { hours: formatHundredths(line.giftHundredths ?? '0') })}`}
              {(line.unitPriceFen ?? '0') !== '0' && ` · ${text('order.unitPrice', { amount: formatFen(line.unitPriceFen ?? '0') })}`}
            </Typography.Text>
          </span>
          <span className="mono">{formatFen(line.netFen ?? '0')}</span>
        </li>
      ))}
    </Section>
  )
}

function Receipt({ paymentId }: { paymentId: string }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [loading, setLoading] = useState(false)
  const open = async (): Promise<void> => {
    setLoading(true)
    try {
      openFile(await readReceipt(paymentId))
    } catch (error) {
      void notices.error(error instanceof Error ? error.message : text('problem.internal'))
    } finally {
      setLoading(false)
    }
  }
  return (
    <Button type="link" size="small" icon={<PrinterOutlined />} loading={loading} onClick={() => void open()}>
      {text('order.receipt')}
    </Button>
  )
}

export function OrderPayments({ order }: Properties): React.ReactNode {
  const text = useText()
  const zone = useCampuses().timeZone(order.campusId)
  const payments = usePayments(order.orderId ?? '', can(useSession().session, 'payment.read'))
  return (
    <Section title={text('order.payments')} none={text('order.payments.none')}>
      {(payments.data ?? []).map((payment) => (
        <li key={payment.paymentId}>
          <span>
            {word(text, 'payment', payment.method)}{' '}
            <Typography.Text type="secondary" className="mono">
              {formatInstant(payment.receiveTime, zone)}
            </Typography.Text>{' '}
            {payment.state === 'PAYMENT_STATE_UNAPPLIED' && <Tag color="gold">{text('order.unapplied')}</Tag>}
          </span>
          <span>
            <Receipt paymentId={payment.paymentId ?? ''} />
            <span className="mono">{formatFen(payment.amountFen ?? '0')}</span>
          </span>
        </li>
      ))}
    </Section>
  )
}

export function OrderInstalments({ order }: Properties): React.ReactNode {
  const text = useText()
  const instalments = useInstalments(order.orderId ?? '', can(useSession().session, 'instalment_plan.read'))
  if ((instalments.data ?? []).length === 0) return null
  return (
    <Section title={text('order.instalments')} none="">
      {(instalments.data ?? []).map((each) => (
        <li key={each.instalmentId}>
          <span>
            {text('order.instalment', { number: each.number ?? 0 })}{' '}
            <Typography.Text type="secondary" className="mono">
              {formatLocalDate(each.dueDate)}
            </Typography.Text>{' '}
            {each.overdue && <Tag color="red">{text('order.instalment.overdue')}</Tag>}
          </span>
          <span className="mono">
            {formatFen(each.paidFen ?? '0')} / {formatFen(each.amountFen ?? '0')}
          </span>
        </li>
      ))}
    </Section>
  )
}

export function OrderLots({ order }: Properties): React.ReactNode {
  const text = useText()
  const courseName = useCourseName()
  const lots = useLots(order.orderId ?? '', can(useSession().session, 'lot.read'))
  return (
    <Section title={text('order.lots')} none={text('order.lots.none')}>
      {(lots.data ?? []).map((lot) => (
        <li key={lot.lotId}>
          <span>
            {courseName(lot.courseId)} {lot.kind === 'LOT_KIND_GIFT' && <Tag color="purple">{text('order.lot.gift')}</Tag>}
            {lot.freezeDate !== undefined && <Tag color="gold">{text('order.lot.frozen')}</Tag>}
          </span>
          <span>
            <span className="mono">
              {text('order.lot.left', {
                left: formatHundredths(lot.remainingHundredths ?? '0'),
                all: formatHundredths(lot.quantityHundredths ?? '0'),
              })}
            </span>
            {lot.expireDate !== undefined && (
              <Typography.Text type="secondary"> · {text('order.lot.expire', { date: formatLocalDate(lot.expireDate) })}</Typography.Text>
            )}
          </span>
        </li>
      ))}
    </Section>
  )
}
