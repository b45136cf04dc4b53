import { Typography, type TableColumnsType } from 'antd'
import { CardLine, CardLink, RecordCards } from '@/components/record-cards'
import { RecordTable, RowLink, SecondLine } from '@/components/record-table'
import { StateTag, useChildLine } from '@/features/students/student-facts-line'
import type { Student } from '@/features/students/student-queries'
import { formatDay } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'

interface Properties {
  students: readonly Student[]
  loading: boolean
}

/** The student list on wide screens. */
export function StudentTable({ students, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const childLine = useChildLine()
  const columns: TableColumnsType<Student> = [
    {
      title: text('students.column.name'),
      render: (_, student) => (
        <>
          <RowLink to={`/students/${student.studentId}`}>{student.name || text('students.unnamed')}</RowLink>
          <SecondLine>{childLine(student)}</SecondLine>
        </>
      ),
    },
    { title: text('students.column.state'), width: 120, render: (_, student) => <StateTag state={student.state} /> },
    { title: text('leads.filter.campus'), width: 200, render: (_, student) => campuses.name(student.campusId) },
    { title: text('students.column.owner'), width: 160, render: (_, student) => (student.ownerId ? staffName(student.ownerId) : '') },
    {
      title: text('students.column.enrolTime'),
      width: 150,
      render: (_, student) => (
        <span className="mono">{formatDay(student.enrolTime, campuses.timeZone(student.campusId))}</span>
      ),
    },
  ]
  return <RecordTable rows={students} loading={loading} columns={columns} rowKey={(student) => student.studentId ?? ''} />
}

/** The student list on narrow screens. */
export function StudentCards({ students, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const childLine = useChildLine()
  const draw = (student: Student): React.ReactNode => (
    <>
      <CardLine>
        <CardLink to={`/students/${student.studentId}`}>{student.name || text('students.unnamed')}</CardLink>
        <StateTag state={student.state} />
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">{childLine(student)}</Typography.Text>
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">{campuses.name(student.campusId)}</Typography.Text>
        <span className="mono">{formatDay(student.enrolTime, campuses.timeZone(student.campusId))}</span>
      </CardLine>
    </>
  )
  return <RecordCards rows={students} loading={loading} rowKey={(student) => student.studentId ?? ''} draw={draw} />
}
