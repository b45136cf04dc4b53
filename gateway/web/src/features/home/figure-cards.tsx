import { Typography } from 'antd'
import { Fragment } from 'react'
import { Figure } from '@/components/figure'
import records from '@/components/record-page.module.css'
import { HomeCard } from '@/features/home/home-card'
import styles from '@/features/home/home.module.css'
import { useAgeing, useFunnel } from '@/features/home/home-queries'
import { formatDay } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { formatBasisPoints, formatFen } from '@/lib/money'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

const DAY_MS = 86_400_000
const SPAN_DAYS = 30

function dayAgo(days: number, zone: string): string {
  return formatDay(new Date(Date.now() - days * DAY_MS).toISOString(), zone)
}

/** How far the enquiries of the last days came. */
export function FunnelCard({ campusId }: { campusId: string }): React.ReactNode {
  const text = useText()
  const zone = useCampuses().timeZone(campusId)
  const query = useFunnel(dayAgo(SPAN_DAYS, zone), dayAgo(-1, zone), campusId)
  return (
    <HomeCard title={text('home.funnel', { days: SPAN_DAYS })} query={query}>
      {(stages) => {
        const most = Math.max(1, ...stages.map(({ children }) => Number(children ?? 0)))
        return (
          <div className={styles['bars']} role="table" aria-label={text('home.funnel', { days: SPAN_DAYS })}>
            {stages.map(({ stage, children = '0', rateBasisPoints }, index) => (
              <Fragment key={stage}>
                <span>{word(text, 'funnel', stage)}</span>
                <span className={styles['bar']} style={{ width: `${String((Number(children) / most) * 100)}%` }} />
                <strong className={styles['number']}>{children}</strong>
                <Typography.Text type="secondary" className={styles['number'] ?? ''}>
                  {index === 0 || rateBasisPoints === undefined ? '' : formatBasisPoints(rateBasisPoints)}
                </Typography.Text>
              </Fragment>
            ))}
          </div>
        )
      }}
    </HomeCard>
  )
}

const BUCKETS = ['notDueFen', 'late1To30Fen', 'late31To60Fen', 'late61To90Fen', 'lateAbove90Fen'] as const

/** What families owe, and at which campuses. */
export function ReceivablesCard(): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const query = useAgeing(dayAgo(0, campuses.timeZone(undefined)))
  return (
    <HomeCard title={text('home.receivables')} query={query}>
      {({ total, sums = [] }) => (
        <>
          <div className={records['figures']}>
            {BUCKETS.filter((bucket) => bucket === 'notDueFen' || (total?.buckets?.[bucket] ?? '0') !== '0').map((bucket) => (
              <Figure key={bucket} label={word(text, 'ageing', bucket)} value={formatFen(total?.buckets?.[bucket] ?? '0')} />
            ))}
          </div>
          <ul className={records['rows']}>
            {sums.map((sum) => (
              <li key={sum.subjectId}>
                <span>{campuses.name(sum.subjectId)}</span>
                <span className="mono">
                  <Typography.Text type="secondary">{text('home.orderCount', { count: sum.orderCount ?? 0 })}</Typography.Text>{' '}
                  {formatFen(sum.openFen ?? '0')}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
    </HomeCard>
  )
}
