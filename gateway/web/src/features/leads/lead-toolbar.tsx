import { SearchOutlined } from '@ant-design/icons'
import { Input, Select } from 'antd'
import { ChoiceFilter, type Choice } from '@/components/choice-filter'
import { POOL, type LeadSearch } from '@/features/leads/lead-search'
import { GRADES, STAGES } from '@/features/leads/lead-words'
import { SEARCH_ID } from '@/components/use-list-keys'
import { useTyped } from '@/components/use-typed'
import { useCampuses, useStaff } from '@/lib/directory'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'
import styles from '@/components/toolbar.module.css'

interface Properties {
  search: LeadSearch
  onChange: (next: Partial<LeadSearch>) => void
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
      <ChoiceFilter
        label={text('leads.filter.stage')}
        value={search.stage}
        choices={STAGES.map((stage) => ({ value: stage, label: word(text, 'stage', stage) }))}
        onChange={(stage) => onChange({ stage })}
      />
      <ChoiceFilter
        label={text('leads.filter.grade')}
        value={search.grade}
        choices={GRADES.map((grade) => ({ value: grade, label: word(text, 'grade', grade) }))}
        onChange={(grade) => onChange({ grade })}
      />
      {campuses.list.length > 1 && (
        <ChoiceFilter
          label={text('leads.filter.campus')}
          value={search.campus}
          choices={campuses.list.map((campus) => ({ value: campus.campusId ?? '', label: campus.name ?? '' }))}
          onChange={(campus) => onChange({ campus })}
        />
      )}
      <ChoiceFilter
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
