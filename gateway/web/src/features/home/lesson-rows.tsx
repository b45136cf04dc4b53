import { Tag, Typography } from 'antd'
import { Link } from 'react-router'
import styles from '@/components/record-page.module.css'
import type { HomeLesson } from '@/features/home/home-queries'
import { formatClock, formatDay } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { useText } from '@/lib/text'

interface Properties {
  lessons: readonly HomeLesson[]
  /** What stands there when there is none. */
  none: string
  /** Whether the day is to be said: not for lists of one day. */
  dated?: boolean
}

/** Lessons, each a step away from its roll call. */
export function LessonRows({ lessons, none, dated = false }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  if (lessons.length === 0) return <Typography.Text type="secondary">{none}</Typography.Text>
  return (
    <ul className={styles['rows']}>
      {lessons.map((lesson) => {
        const zone = campuses.timeZone(lesson.campusId)
        const day = formatDay(lesson.startTime, zone)
        const taught = lesson.rollCallState === 'ROLL_CALL_STATE_CONFIRMED'
        return (
          <li key={lesson.lessonId}>
            <span>
              <span className="mono">
                {dated && `${day.slice(5)} `}
                {formatClock(lesson.startTime, zone)}–{formatClock(lesson.endTime, zone)}
              </span>{' '}
              <Link to={`/timetable?${new URLSearchParams({ campus: lesson.campusId ?? '', date: day, lesson: lesson.lessonId ?? '' }).toString()}`}>
                {lesson.courseName}
              </Link>
            </span>
            <span>
              <Typography.Text type="secondary">
                {[lesson.roomName, text('home.seats', { count: lesson.seatsTaken ?? '0' })].filter(Boolean).join(' · ')}
              </Typography.Text>{' '}
              {lesson.state === 'LESSON_STATE_CANCELLED' && <Tag color="red">{text('home.cancelled')}</Tag>}
              {taught && <Tag color="green">{text('home.confirmed')}</Tag>}
            </span>
          </li>
        )
      })}
    </ul>
  )
}
