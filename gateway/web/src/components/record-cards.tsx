import { Skeleton } from 'antd'
import { Link } from 'react-router'
import styles from '@/components/record-cards.module.css'
import { ROW_LINK } from '@/components/use-list-keys'

interface Properties<T> {
  rows: readonly T[]
  loading: boolean
  rowKey: (row: T) => string
  /** The lines of a card; one holds a CardLink. */
  draw: (row: T) => React.ReactNode
}

const SKELETON_CARDS = 6

/** A list on narrow screens: one card a record, the whole card opens it. */
export function RecordCards<T>({ rows, loading, rowKey, draw }: Properties<T>): React.ReactNode {
  if (loading) {
    return Array.from({ length: SKELETON_CARDS }, (_, index) => (
      <div key={index} className={styles['card']}>
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      </div>
    ))
  }
  return (
    <ul className={styles['list']}>
      {rows.map((row) => (
        <li key={rowKey(row)} className={styles['card']}>
          {draw(row)}
        </li>
      ))}
    </ul>
  )
}

/** One line of a card. */
export function CardLine({ children }: { children: React.ReactNode }): React.ReactNode {
  return <div className={styles['line']}>{children}</div>
}

/** The link of a card. */
export function CardLink({ to, children }: { to: string; children: React.ReactNode }): React.ReactNode {
  return (
    <Link to={to} className={styles['name']} {...{ [ROW_LINK]: '' }}>
      {children}
    </Link>
  )
}
