import { AccountBookOutlined, ArrowLeftOutlined, SwapOutlined } from '@ant-design/icons'
import { Button, Card, Skeleton, Tag, Tooltip, Typography } from 'antd'
import { Suspense, lazy, useMemo, useState } from 'react'
import { Link, useParams } from 'react-router'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { StateTag, useChildLine } from '@/features/students/student-facts-line'
import { useOverview, useRefreshStudent, type Overview, type Student } from '@/features/students/student-queries'
import {
  StudentFamily,
  StudentFigures,
  StudentHours,
  StudentLearning,
  StudentLessons,
  StudentRisks,
  StudentTickets,
} from '@/features/students/student-sections'
import { StudentTimeline } from '@/features/students/student-timeline'
import { formatDay } from '@/lib/dates'
import { useCampuses, useCourses, useStaffName } from '@/lib/directory'
import { useLiveRefresh } from '@/lib/live-refresh'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

const StudentStatement = lazy(async () => ({ default: (await import('@/features/students/student-statement')).StudentStatement }))
const StateDialog = lazy(async () => ({ default: (await import('@/features/students/state-dialog')).StateDialog }))

function Heading({ student, tags }: { student: Student; tags: Overview['tags'] }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const childLine = useChildLine()
  const [open, setOpen] = useState<'state' | 'statement' | null>(null)
  const close = (): void => setOpen(null)
  return (
    <Card size="small">
      <div className={styles['who']} style={{ marginBottom: 0 }}>
        <div className={styles['name']}>
          <Typography.Title level={1} className={styles['title'] ?? ''}>
            {student.name || text('students.unnamed')}
          </Typography.Title>
          <StateTag state={student.state} />
          <Typography.Text type="secondary">{childLine(student)}</Typography.Text>
          {(tags ?? []).map((tag) => (
            <Tooltip key={tag.studentTagId} title={tag.reason}>
              <Tag>{tag.name}</Tag>
            </Tooltip>
          ))}
        </div>
        <div className={styles['owner']}>
          <span>
            <Typography.Text type="secondary">{campuses.name(student.campusId)}</Typography.Text>
            {student.ownerId && (
              <>
                <Typography.Text type="secondary"> · {text('students.column.owner')} </Typography.Text>
                <Typography.Text strong>{staffName(student.ownerId)}</Typography.Text>
              </>
            )}
            <Typography.Text type="secondary">
              {' '}
              · {text('student.since', { date: formatDay(student.enrolTime, campuses.timeZone(student.campusId)) })}
            </Typography.Text>
          </span>
          {student.leadId && can(session, 'lead.read') && <Link to={`/leads/${student.leadId}`}>{text('student.openLead')}</Link>}
          {can(session, 'student_statement.read') && (
            <Button icon={<AccountBookOutlined />} onClick={() => setOpen('statement')}>
              {text('statement.action')}
            </Button>
          )}
          {can(session, 'student.change_state') && (
            <Button icon={<SwapOutlined />} onClick={() => setOpen('state')}>
              {text('student.state.action')}
            </Button>
          )}
        </div>
      </div>
      <Suspense>
        {open === 'state' && <StateDialog student={student} onClose={close} />}
        {open === 'statement' && <StudentStatement studentId={student.studentId ?? ''} name={student.name ?? ''} onClose={close} />}
      </Suspense>
    </Card>
  )
}

function StudentBody({ overview, studentId }: { overview: Overview; studentId: string }): React.ReactNode {
  const text = useText()
  const student = overview.student ?? {}
  const zone = useCampuses().timeZone(student.campusId)
  const courses = useCourses()
  const courseName = useMemo(() => {
    const names = new Map(courses.map((course) => [course.courseId, course.name]))
    return (id: string): string => names.get(id) ?? ''
  }, [courses])
  const hidden = new Set(overview.hiddenSections)
  return (
    <div className={styles['page']}>
      <Heading student={student} tags={overview.tags} />
      <StudentRisks overview={overview} />
      <StudentFigures overview={overview} />
      <div className={styles['columns']}>
        <div className={styles['side']}>
          {!hidden.has('guardians') && <StudentFamily overview={overview} />}
          {!hidden.has('hours') && <StudentHours overview={overview} />}
          {!hidden.has('lessons') && <StudentLessons overview={overview} />}
          {!hidden.has('learning') && <StudentLearning overview={overview} />}
          {!hidden.has('tickets') && <StudentTickets overview={overview} />}
        </div>
        <div className={styles['main']}>
          <Card size="small" title={text('timeline.title')}>
            <StudentTimeline studentId={studentId} timeZone={zone} courseName={courseName} />
          </Card>
        </div>
      </div>
    </div>
  )
}

export function StudentPage(): React.ReactNode {
  const text = useText()
  const { studentId = '' } = useParams()
  const overview = useOverview(studentId)
  const refresh = useRefreshStudent(studentId)
  // Lessons, lots and payments carry ids of their own; the answer comes in one piece, so reading it again is cheap.
  useLiveRefresh(({ aggregateId }) => (aggregateId === studentId ? 'now' : 'soon'), refresh)
  return (
    <>
      <Link to="/students" className={styles['back']}>
        <ArrowLeftOutlined /> {text('student.back')}
      </Link>
      {overview.isError && <ProblemNotice error={overview.error} onRetry={() => void overview.refetch()} />}
      {overview.isPending && <Skeleton active paragraph={{ rows: 12 }} />}
      {overview.data !== undefined && !overview.isError && (
        <StudentBody key={studentId} overview={overview.data} studentId={studentId} />
      )}
    </>
  )
}
