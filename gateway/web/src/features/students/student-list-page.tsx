import { SearchOutlined } from '@ant-design/icons'
import { Input } from 'antd'
import { useCallback } from 'react'
import { useSearchParams } from 'react-router'
import { ChoiceFilter } from '@/components/choice-filter'
import { EmptyList } from '@/components/empty-list'
import { ListPage } from '@/components/list-page'
import styles from '@/components/toolbar.module.css'
import { SEARCH_ID } from '@/components/use-list-keys'
import { useTyped } from '@/components/use-typed'
import { STATES } from '@/features/students/student-facts-line'
import { useStudents, useTags } from '@/features/students/student-queries'
import { isFiltered, readSearch, writeSearch, type StudentSearch } from '@/features/students/student-search'
import { StudentCards, StudentTable } from '@/features/students/student-table'
import { useCampuses, useStaff } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface ToolbarProperties {
  search: StudentSearch
  onChange: (next: Partial<StudentSearch>) => void
}

function Toolbar({ search, onChange }: ToolbarProperties): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const advisors = useStaff('course_advisor')
  const tags = useTags(can(session, 'tag.read'))
  const typed = useTyped(search.search, (value) => onChange({ search: value }))
  return (
    <div className={styles['toolbar']} role="search">
      <Input
        id={SEARCH_ID}
        className={styles['search'] ?? ''}
        type="search"
        prefix={<SearchOutlined />}
        allowClear
        maxLength={60}
        placeholder={text('students.search')}
        aria-label={text('students.searchLabel')}
        {...typed}
      />
      <ChoiceFilter
        label={text('students.column.state')}
        value={search.state}
        choices={STATES.map((state) => ({ value: state, label: word(text, 'studentState', state) }))}
        onChange={(state) => onChange({ state })}
      />
      {campuses.list.length > 1 && (
        <ChoiceFilter
          label={text('leads.filter.campus')}
          value={search.campus}
          choices={campuses.list.map((campus) => ({ value: campus.campusId ?? '', label: campus.name ?? '' }))}
          onChange={(campus) => onChange({ campus })}
        />
      )}
      {advisors.length > 0 && (
        <ChoiceFilter
          label={text('students.column.owner')}
          value={search.owner}
          choices={advisors.map((person) => ({ value: person.staffId ?? '', label: person.displayName ?? '' }))}
          onChange={(owner) => onChange({ owner })}
        />
      )}
      {(tags.data ?? []).length > 0 && (
        <ChoiceFilter
          label={text('students.tag')}
          value={search.tag}
          choices={(tags.data ?? []).map((tag) => ({ value: tag.tagId ?? '', label: tag.name ?? '' }))}
          onChange={(tag) => onChange({ tag })}
        />
      )}
    </div>
  )
}

export function StudentListPage(): React.ReactNode {
  const text = useText()
  const [address, setAddress] = useSearchParams()
  const search = readSearch(address)
  const students = useStudents(search)
  const change = useCallback(
    (next: Partial<StudentSearch>) => setAddress(writeSearch({ ...search, page: '', ...next }), { replace: 'search' in next }),
    [search, setAddress],
  )
  const filtered = isFiltered(search)
  return (
    <ListPage
      title={text('place.students')}
      toolbar={<Toolbar search={search} onChange={change} />}
      listing={{ ...students, rows: students.data?.students ?? [], nextPageToken: students.data?.nextPageToken }}
      page={search.page}
      addressOf={(page) => writeSearch({ ...search, page }).toString()}
      empty={
        <EmptyList
          title={text(filtered ? 'students.noMatch.title' : 'students.empty.title')}
          hint={text(filtered ? 'students.noMatch.hint' : 'students.empty.hint')}
          onClear={filtered ? () => setAddress(new URLSearchParams()) : undefined}
        />
      }
    >
      {(rows, loading, wide) => (wide ? <StudentTable students={rows} loading={loading} /> : <StudentCards students={rows} loading={loading} />)}
    </ListPage>
  )
}
