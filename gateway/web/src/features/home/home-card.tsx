import type { UseQueryResult } from '@tanstack/react-query'
import { Badge, Card, Skeleton } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/features/home/home.module.css'

interface Properties<T> {
  title: string
  /** How many there are of what the card lists; 0 shows nothing. */
  count?: (data: T) => number
  /** Whether to leave the card away. */
  hidden?: (data: T) => boolean
  query: UseQueryResult<T>
  children: (data: T) => React.ReactNode
}

/** One piece of the day: bones while it loads, a reason when it failed. */
export function HomeCard<T>({ title, count, hidden, query, children }: Properties<T>): React.ReactNode {
  const { data } = query
  if (data !== undefined && hidden?.(data)) return null
  const number = data === undefined ? 0 : (count?.(data) ?? 0)
  return (
    <Card size="small" title={title} extra={number > 0 && <Badge count={number} overflowCount={9999} color="var(--ant-color-primary)" />}>
      {query.isError && <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton active title={false} paragraph={{ rows: 3 }} />}
      {data !== undefined && (
        <div className={styles['body']} tabIndex={0} role="group" aria-label={title}>
          {children(data)}
        </div>
      )}
    </Card>
  )
}
