import { Skeleton, Table, Typography, type TableColumnsType } from 'antd'
import { Link } from 'react-router'
import styles from '@/components/record-table.module.css'
import { ROW_LINK } from '@/components/use-list-keys'

interface Properties<T> {
  rows: readonly T[]
  loading: boolean
  columns: TableColumnsType<T>
  rowKey: (row: T) => string
}

const SKELETON_ROWS = 12

/** A dense table whose rows open what they name; bones stand in its place while it loads. */
export function RecordTable<T extends object>({ rows, loading, columns, rowKey }: Properties<T>): React.ReactNode {
  if (loading) {
    const bones = columns.map(({ title, width }) => ({
      title: title as React.ReactNode,
      width,
      render: () => <Skeleton.Input active size="small" className={styles['bone'] ?? ''} />,
    }))
    const numbers = Array.from({ length: SKELETON_ROWS }, (_, index) => ({ index }))
    return (
      <Table className={styles['table'] ?? ''} rowKey="index" columns={bones} dataSource={numbers} pagination={false} size="small" />
    )
  }
  return (
    <Table<T>
      className={styles['table'] ?? ''}
      rowKey={rowKey}
      columns={columns}
      dataSource={rows}
      pagination={false}
      size="small"
    />
  )
}

/** The link of a row; the whole row is its target. */
export function RowLink({ to, children }: { to: string; children: React.ReactNode }): React.ReactNode {
  return (
    <Link to={to} className={styles['name']} {...{ [ROW_LINK]: '' }}>
      {children}
    </Link>
  )
}

/** The smaller second line of a cell. */
export function SecondLine({ children }: { children: React.ReactNode }): React.ReactNode {
  return (
    <Typography.Text type="secondary" className={styles['second'] ?? ''}>
      {children}
    </Typography.Text>
  )
}
