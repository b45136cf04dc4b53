import { Card, Typography } from 'antd'
import styles from '@/components/record-page.module.css'

interface Properties {
  title: React.ReactNode
  /** What stands there when there is nothing. */
  none: string
  children: React.ReactNode[]
  /** Beside the title. */
  extra?: React.ReactNode
}

/** A titled list, or one sentence when it is empty. */
export function Section({ title, none, children, extra }: Properties): React.ReactNode {
  return (
    <Card size="small" title={title} extra={extra}>
      {children.length === 0 ? (
        <Typography.Text type="secondary">{none}</Typography.Text>
      ) : (
        <ul className={styles['rows']}>{children}</ul>
      )}
    </Card>
  )
}
