import { Tag, Typography } from 'antd'
import { Link } from 'react-router'
import styles from '@/components/record-page.module.css'
import { TaskList } from '@/components/task-list'
import { HomeCard } from '@/features/home/home-card'
import { useRefreshHome, useWorkbench } from '@/features/home/home-queries'
import { useCustomerNames } from '@/lib/customers'
import { formatInstant } from '@/lib/dates'
import { useCourses } from '@/lib/directory'
import { formatHundredths } from '@/lib/money'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

/** The day of an advisor: what to do, what is about to go wrong, whose hours run out. */
export function AdvisorCards(): React.ReactNode {
  const text = useText()
  const refresh = useRefreshHome()
  const query = useWorkbench()
  const courses = useCourses()
  const courseName = (id: string | undefined): string => courses.find((course) => course.courseId === id)?.name ?? ''
  const nameOf = useCustomerNames((query.data?.tasks ?? []).map(({ customerId }) => customerId))
  return (
    <>
      <HomeCard title={text('home.tasks')} query={query} count={({ taskCount = 0 }) => taskCount}>
        {({ tasks = [] }) =>
          tasks.length === 0 ? (
            <Typography.Text type="secondary">{text('home.tasks.none')}</Typography.Text>
          ) : (
            <TaskList
              tasks={tasks}
              onDone={refresh}
              about={({ leadId, customerId }) => leadId && <Link to={`/leads/${leadId}`}>{nameOf(customerId) || text('leads.unnamed')}</Link>}
            />
          )
        }
      </HomeCard>
      <HomeCard
        title={text('home.warnings')}
        query={query}
        count={({ warnings = [] }) => warnings.length}
        hidden={({ warnings = [] }) => warnings.length === 0}
      >
        {({ warnings = [] }) => (
          <ul className={styles['rows']}>
            {warnings.map((warning) => (
              <li key={`${warning.kind}${warning.leadId}`}>
                <span>
                  <Link to={`/leads/${warning.leadId}`}>{warning.childName || text('leads.unnamed')}</Link>{' '}
                  {word(text, 'warning', warning.kind)}
                </span>
                <Typography.Text type="danger" className="mono">
                  {formatInstant(warning.time)}
                </Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
      <HomeCard
        title={text('home.students')}
        query={query}
        count={({ studentCount = 0 }) => studentCount}
        hidden={({ students = [] }) => students.length === 0}
      >
        {({ students = [] }) => (
          <ul className={styles['rows']}>
            {students.map((student) => (
              <li key={student.customerId}>
                <span>
                  <Link to={`/students/${student.customerId}`}>{student.childName || text('leads.unnamed')}</Link>{' '}
                  {student.renewalTaskId && <Tag color="orange">{text('home.renewal')}</Tag>}
                </span>
                <Typography.Text type="secondary">
                  {(student.hours ?? [])
                    .map(({ courseId, remainingHundredths }) =>
                      text('home.hoursLeft', { course: courseName(courseId), hours: formatHundredths(remainingHundredths ?? '0') }),
                    )
                    .join(' · ')}
                </Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
    </>
  )
}
