import dayjs from 'dayjs'
import 'dayjs/locale/en-gb'
import localeData from 'dayjs/plugin/localeData'
import localizedFormat from 'dayjs/plugin/localizedFormat'
import { useMemo } from 'react'
import { Calendar, dayjsLocalizer, type CalendarProps, type EventProps } from 'react-big-calendar'
import dragAndDrop, { type EventInteractionArgs } from 'react-big-calendar/lib/addons/dragAndDrop'
import 'react-big-calendar/lib/addons/dragAndDrop/styles.css'
import 'react-big-calendar/lib/css/react-big-calendar.css'
import type { LessonNames } from '@/features/timetable/lesson-words'
import type { Lesson } from '@/features/timetable/timetable-queries'
import type { View } from '@/features/timetable/timetable-search'
import { usePreferences } from '@/lib/preferences'
import { useText } from '@/lib/text'
import { wallDate } from '@/lib/wall-clock'
import styles from '@/features/timetable/lesson-calendar.module.css'

dayjs.extend(localeData)
dayjs.extend(localizedFormat)

export interface Placed {
  lesson: Lesson
  /** Wall dates of the campus. */
  start: Date
  end: Date
  resourceId: string
  title: string
  lines: readonly string[]
}

interface Resource {
  resourceId: string
  title: string
}

interface Properties {
  lessons: readonly Lesson[]
  rooms: readonly Resource[]
  date: Date
  view: View
  timeZone: string
  names: LessonNames
  mayMove: boolean
  onOpen: (lesson: Lesson) => void
  /** A lesson was dropped at other wall dates. */
  onDrop: (lesson: Lesson, start: Date, end: Date) => void
  onDate: (date: Date) => void
}

function EventLines({ event: { title, lines } }: EventProps<Placed>): React.ReactNode {
  return (
    <div className={styles['event']}>
      <strong>{title}</strong>
      {lines.filter(Boolean).map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  )
}

// The addon comes as CommonJS only: its default stands one step deeper than its types say.
const { default: withDragAndDrop } = dragAndDrop as unknown as { default: typeof dragAndDrop }
const Drawn = withDragAndDrop<Placed, Resource>(Calendar)
const HOURS: CalendarProps<Placed, Resource>['formats'] = {
  timeGutterFormat: 'HH:mm',
  dayFormat: (date: Date) => dayjs(date).format('M/D ddd'),
  eventTimeRangeFormat: ({ start, end }: { start: Date; end: Date }) => `${dayjs(start).format('HH:mm')}–${dayjs(end).format('HH:mm')}`,
}
const COMPONENTS = { event: EventLines }
const FIRST_HOUR = 8
const LAST_HOUR = 22

/** The hours that the calendar must show so that no lesson hangs out of it. */
function hoursOf(placed: readonly Placed[]): { min: Date; max: Date } {
  const first = Math.min(FIRST_HOUR, ...placed.map(({ start }) => start.getHours()))
  const last = Math.max(LAST_HOUR, ...placed.map(({ end }) => end.getHours() + 1))
  return { min: new Date(2000, 0, 1, first), max: last > 23 ? new Date(2000, 0, 1, 23, 59) : new Date(2000, 0, 1, last) }
}

/** The week, or one day with a column for each room. */
export function LessonCalendar(properties: Properties): React.ReactNode {
  const { lessons, rooms, date, view, timeZone, names, mayMove, onOpen, onDrop, onDate } = properties
  const text = useText()
  const { language } = usePreferences()
  const localizer = useMemo(() => dayjsLocalizer(dayjs), [])
  const placed = useMemo(
    () =>
      lessons.map((lesson) => ({
        lesson,
        start: wallDate(lesson.startTime, timeZone),
        end: wallDate(lesson.endTime, timeZone),
        resourceId: lesson.roomId ?? '',
        title: names.title(lesson),
        lines: [
          [names.teachers(lesson), view === 'week' ? names.room(lesson.roomId) : ''].filter(Boolean).join(' · '),
          text('timetable.seats', { taken: lesson.seatsTaken ?? 0, limit: lesson.seatLimit ?? 0 }),
        ],
      })),
    [lessons, timeZone, names, view, text],
  )
  const drop = ({ event, start, end }: EventInteractionArgs<Placed>): void => onDrop(event.lesson, new Date(start), new Date(end))
  const { min, max } = hoursOf(placed)
  const now = (): Date => wallDate(new Date().toISOString(), timeZone)
  return (
    <div className={styles['calendar']}>
      <Drawn
        key={view}
        localizer={localizer}
        // British weeks begin on Monday, as Chinese ones do.
        culture={language === 'en' ? 'en-gb' : 'zh-cn'}
        formats={HOURS}
        events={placed}
        components={COMPONENTS}
        date={date}
        getNow={now}
        onNavigate={onDate}
        view={view}
        views={['week', 'day']}
        onView={() => undefined}
        toolbar={false}
        min={min}
        max={max}
        step={15}
        timeslots={4}
        dayLayoutAlgorithm="no-overlap"
        {...(view === 'day' && rooms.length > 0
          ? { resources: [...rooms], resourceIdAccessor: 'resourceId' as const, resourceTitleAccessor: 'title' as const }
          : {})}
        draggableAccessor={() => mayMove}
        resizable={false}
        onEventDrop={drop}
        onSelectEvent={({ lesson }) => onOpen(lesson)}
        onKeyPressEvent={({ lesson }) => onOpen(lesson)}
        eventPropGetter={({ lesson, end }) => ({
          className:
            styles[lesson.rollCallState === 'ROLL_CALL_STATE_CONFIRMED' ? 'confirmed' : end < now() ? 'overdue' : 'planned'] ?? '',
        })}
      />
    </div>
  )
}
