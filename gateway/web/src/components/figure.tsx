import { Typography } from 'antd'
import styles from '@/components/record-page.module.css'

interface Properties {
  label: string
  value: React.ReactNode
  note?: React.ReactNode
}

/** One number that people look at first, with its name and a remark. */
export function Figure({ label, value, note }: Properties): React.ReactNode {
  return (
    <div className={styles['figure']}>
      <Typography.Text type="secondary">{label}</Typography.Text>
      <span className={styles['value']}>{value}</span>
      {note !== undefined && (
        <Typography.Text type="secondary" style={{ fontSize: 12, minHeight: 20 }}>
          {note}
        </Typography.Text>
      )}
    </div>
  )
}
