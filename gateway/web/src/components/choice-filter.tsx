import { Select } from 'antd'
import styles from '@/components/toolbar.module.css'

export interface Choice {
  value: string
  label: string
}

interface Properties {
  label: string
  value: string
  choices: Choice[]
  onChange: (value: string) => void
}

/** One select of a toolbar; cleared means no condition. */
export function ChoiceFilter({ label, value, choices, onChange }: Properties): React.ReactNode {
  return (
    <Select
      className={styles['filter'] ?? ''}
      aria-label={label}
      placeholder={label}
      allowClear
      showSearch={{ optionFilterProp: 'label' }}
      popupMatchSelectWidth={false}
      value={value || null}
      options={choices}
      onChange={(next) => onChange(next ?? '')}
    />
  )
}
