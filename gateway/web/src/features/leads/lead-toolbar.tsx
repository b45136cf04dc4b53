import { SearchOutlined } from '@ant-design/icons'
import { Input, Select } from 'antd'
import { useEffect, useState } from 'react'
import { POOL, type LeadSearch } from '@/features/leads/lead-search'
import { GRADES, STAGES, word } from '@/features/leads/lead-words'
import { SEARCH_ID } from '@/features/leads/use-list-keys'
import { useCampuses, useStaff } from '@/lib/directory'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import styles from '@/features/leads/lead-toolbar.module.css'

interface Properties {
  search: LeadSearch
  onChange: (next: Partial<LeadSearch>) => void
}

const PAUSE_MS = 300

interface Typed {
  value: string
  onChange: (event: React.ChangeEvent<HTMLInputElement>) => void
  onBlur: () => void
  onPressEnter: () => void
}

/** What is typed goes to the address after a pause; what the address says (back button) goes to the box. */
function useTyped(value: string, onChange: (value: string) => void): Typed {
  const [typed, setTyped] = useState(value)
  const [known, setKnown] = useState(value)
  if (value !== known) {
    setKnown(value)
    if (value !== typed.trim()) setTyped(value)
  }
  useEffect(() => {
    if (typed.trim() === value) return
    const timer = setTimeout(() => onChange(typed.trim()), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [typed, value, onChange])
  // Whoever leaves the box goes somewhere else, and a late change of the address would call them back.
  const settle = (): void => {
    if (typed.trim() !== value) onChange(typed.trim())
  }
  return { value: typed, onChange: (event) => setTyped(event.target.value), onBlur: settle, onPressEnter: settle }
}

interface Choice {
  value: string
  label: string
}

interface FilterProperties {
  label: string
  value: string
  choices: Choice[]
  onChange: (value: string) => void
}

function Filter({ label, value, choices, onChange }: FilterProperties): React.ReactNode {
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

export function LeadToolbar({ search, onChange }: Properties): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const advisors = useStaff('course_advisor')
  const typed = useTyped(search.search, (value) => onChange({ search: value }))
  const others = advisors.filter((person) => person.staffId !== session?.staffId)
  const owners: Choice[] = [
    { value: session?.staffId ?? '', label: text('leads.owner.me') },
    { value: POOL, label: text('leads.owner.pool') },
    ...others.map((person) => ({ value: person.staffId ?? '', label: person.displayName ?? '' })),
  ]
  return (
    <div className={styles['toolbar']} role="search">
      <Input
        id={SEARCH_ID}
        className={styles['search'] ?? ''}
        type="search"
        prefix={<SearchOutlined />}
        allowClear
        maxLength={60}
        placeholder={text('leads.search')}
        aria-label={text('leads.searchLabel')}
        {...typed}
      />
      <Filter
        label={text('leads.filter.stage')}
        value={search.stage}
        choices={STAGES.map((stage) => ({ value: stage, label: word(text, 'stage', stage) }))}
        onChange={(stage) => onChange({ stage })}
      />
      <Filter
        label={text('leads.filter.grade')}
        value={search.grade}
        choices={GRADES.map((grade) => ({ value: grade, label: word(text, 'grade', grade) }))}
        onChange={(grade) => onChange({ grade })}
      />
      {campuses.list.length > 1 && (
        <Filter
          label={text('leads.filter.campus')}
          value={search.campus}
          choices={campuses.list.map((campus) => ({ value: campus.campusId ?? '', label: campus.name ?? '' }))}
          onChange={(campus) => onChange({ campus })}
        />
      )}
      <Filter
        label={text('leads.filter.owner')}
        value={search.owner}
        choices={owners}
        onChange={(owner) => onChange({ owner })}
      />
      <Select
        className={styles['order'] ?? ''}
        aria-label={text('leads.order')}
        value={search.order}
        popupMatchSelectWidth={false}
        options={[
          { value: 'newest', label: text('leads.order.newest') },
          { value: 'oldest', label: text('leads.order.oldest') },
        ]}
        onChange={(order: LeadSearch['order']) => onChange({ order })}
      />
    </div>
  )
}
