import { Typography } from 'antd'
import styles from '@/components/record-page.module.css'
import { HomeCard } from '@/features/home/home-card'
import { useTeacherHome } from '@/features/home/home-queries'
import { LessonRows } from '@/features/home/lesson-rows'
import { formatInstant } from '@/lib/dates'
import { useText } from '@/lib/text'

/** The day of a teacher: lessons, roll calls, records, homework. */
export function TeacherCards(): React.ReactNode {
  const text = useText()
  const query = useTeacherHome()
  return (
    <>
      <HomeCard title={text('home.myLessons')} query={query} count={({ todayLessons = [] }) => todayLessons.length}>
        {({ todayLessons = [], nextLesson }) => (
          <>
            <LessonRows lessons={todayLessons} none={text('home.noLessons')} />
            {todayLessons.length === 0 && nextLesson !== undefined && (
              <>
                <p style={{ margin: '8px 0 0' }}>{text('home.nextLesson')}</p>
                <LessonRows lessons={[nextLesson]} none="" dated />
              </>
            )}
          </>
        )}
      </HomeCard>
      <HomeCard
        title={text('home.openRollCalls')}
        query={query}
        count={({ openRollCalls }) => Number(openRollCalls?.count ?? 0)}
        hidden={({ openRollCalls }) => Number(openRollCalls?.count ?? 0) === 0}
      >
        {({ openRollCalls }) => <LessonRows lessons={openRollCalls?.lessons ?? []} none="" dated />}
      </HomeCard>
      <HomeCard
        title={text('home.recordsToWrite')}
        query={query}
        count={({ recordsToWrite }) => Number(recordsToWrite?.count ?? 0)}
        hidden={({ recordsToWrite }) => Number(recordsToWrite?.count ?? 0) === 0}
      >
        {({ recordsToWrite }) => <LessonRows lessons={recordsToWrite?.lessons ?? []} none="" dated />}
      </HomeCard>
      <HomeCard
        title={text('home.homework')}
        query={query}
        count={({ homeworkToMarkCount }) => Number(homeworkToMarkCount ?? 0)}
        hidden={({ homeworkToMarkCount }) => Number(homeworkToMarkCount ?? 0) === 0}
      >
        {({ homeworkToMark = [] }) => (
          <ul className={styles['rows']}>
            {homeworkToMark.map((homework) => (
              <li key={homework.lessonId}>
                <span>{text('home.submissions', { count: homework.submissionCount ?? 0 })}</span>
                <Typography.Text type="secondary" className="mono">
                  {formatInstant(homework.firstSubmitTime)}
                </Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
    </>
  )
}
