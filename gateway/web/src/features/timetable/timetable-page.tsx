import { LeftOutlined, RightOutlined } from '@ant-design/icons'
import { Button, DatePicker, Grid, Segmented, Skeleton, Space, Typography } from 'antd'
import dayjs from 'dayjs'
import { Suspense, lazy, useState } from 'react'
import { useSearchParams } from 'react-router'
import { ChoiceFilter } from '@/components/choice-filter'
import { ProblemNotice } from '@/components/problem-notice'
import toolbar from '@/components/toolbar.module.css'
import { useLessonNames } from '@/features/timetable/lesson-words'
import { useClassGroups, useLessons, useRefreshLessons, useRooms, type Lesson } from '@/features/timetable/timetable-queries'
import { rangeOf, readSearch, stepped, writeSearch, type TimetableSearch, type View } from '@/features/timetable/timetable-search'
import { useCampuses, useStaff } from '@/lib/directory'
import { useLiveRefresh } from '@/lib/live-refresh'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { instantOfWall, wallDate, wallDay } from '@/lib/wall-clock'

// The page can be used before the calendar is there, and few visits need a dialog.
const LessonCalendar = lazy(async () => ({ default: (await import('@/features/timetable/lesson-calendar')).LessonCalendar }))
const LessonDrawer = lazy(async () => ({ default: (await import('@/features/timetable/lesson-drawer')).LessonDrawer }))
const MoveDialog = lazy(async () => ({ default: (await import('@/features/timetable/move-dialog')).MoveDialog }))

interface Dropped {
  lesson: Lesson
  start: Date
  end: Date
}

interface ToolbarProperties {
  search: TimetableSearch
  campus: string
  date: Date
  wide: boolean
  onChange: (next: Partial<TimetableSearch>) => void
}

function Toolbar({ search, campus, date, wide, onChange }: ToolbarProperties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const teachers = useStaff('teacher')
  const rooms = useRooms(campus).data ?? []
  const groups = useClassGroups(campus).data ?? []
  const go = (to: Date): void => onChange({ date: wallDay(to) })
  return (
    <div className={toolbar['toolbar']} role="search">
      <Space.Compact>
        <Button icon={<LeftOutlined />} aria-label={text('timetable.earlier')} onClick={() => go(stepped(date, search.view, -1))} />
        <Button onClick={() => onChange({ date: '' })}>{text('timetable.today')}</Button>
        <Button icon={<RightOutlined />} aria-label={text('timetable.later')} onClick={() => go(stepped(date, search.view, 1))} />
      </Space.Compact>
      <DatePicker
        aria-label={text('timetable.date')}
        allowClear={false}
        value={dayjs(date)}
        onChange={(day) => onChange({ date: day === null ? '' : day.format('YYYY-MM-DD') })}
      />
      {wide && (
        <Segmented
          aria-label={text('timetable.view')}
          value={search.view}
          onChange={(view: View) => onChange({ view })}
          options={[
            { value: 'week', label: text('timetable.week') },
            { value: 'day', label: text('timetable.day') },
          ]}
        />
      )}
      {campuses.list.length > 1 && (
        <ChoiceFilter
          label={text('leads.filter.campus')}
          value={campus}
          choices={campuses.list.map((each) => ({ value: each.campusId ?? '', label: each.name ?? '' }))}
          onChange={(next) => onChange({ campus: next, room: '', group: '' })}
        />
      )}
      {teachers.length > 0 && (
        <ChoiceFilter
          label={text('timetable.teacher')}
          value={search.teacher}
          choices={teachers.map((person) => ({ value: person.staffId ?? '', label: person.displayName ?? '' }))}
          onChange={(teacher) => onChange({ teacher })}
        />
      )}
      <ChoiceFilter
        label={text('timetable.room')}
        value={search.room}
        choices={rooms.map((room) => ({ value: room.roomId ?? '', label: room.name ?? '' }))}
        onChange={(room) => onChange({ room })}
      />
      <ChoiceFilter
        label={text('timetable.group')}
        value={search.group}
        choices={groups.map((group) => ({ value: group.classGroupId ?? '', label: group.name ?? '' }))}
        onChange={(group) => onChange({ group })}
      />
    </div>
  )
}

/** The timetable of a campus: a week, or a day by room; lessons are dragged to other times. */
export function TimetablePage(): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const [address, setAddress] = useSearchParams()
  const wide = Grid.useBreakpoint().md !== false
  const [dropped, setDropped] = useState<Dropped | null>(null)
  const written = readSearch(address)
  // A week of seven columns cannot be read on a phone.
  const search: TimetableSearch = wide ? written : { ...written, view: 'day' }
  const campus = search.campus || (campuses.list[0]?.campusId ?? '')
  const zone = campuses.timeZone(campus)
  const date = search.date === '' ? wallDate(new Date().toISOString(), zone) : new Date(`${search.date}T12:00`)
  const { start, end } = rangeOf(date, search.view)
  const names = useLessonNames(campus)
  const rooms = useRooms(campus).data ?? []
  const lessons = useLessons({
    campusId: campus,
    teacherId: search.teacher || undefined,
    roomId: search.room || undefined,
    classGroupId: search.group || undefined,
    startTime: instantOfWall(start, zone),
    endTime: instantOfWall(end, zone),
  })
  const refresh = useRefreshLessons()
  useLiveRefresh(({ kind }) => (kind.startsWith('scheduling.') ? 'soon' : 'no'), refresh)
  const change = (next: Partial<TimetableSearch>): void => setAddress(writeSearch({ ...written, ...next }), { replace: 'lesson' in next })
  return (
    <>
      <Typography.Title level={1} style={{ fontSize: 20, margin: '0 0 14px' }}>
        {text('place.timetable')}
      </Typography.Title>
      <Toolbar search={search} campus={campus} date={date} wide={wide} onChange={change} />
      {lessons.isError && <ProblemNotice error={lessons.error} onRetry={() => void lessons.refetch()} />}
      <div aria-busy={lessons.isFetching} style={lessons.isPlaceholderData ? { opacity: 0.6 } : {}}>
        <Suspense fallback={<Skeleton active paragraph={{ rows: 14 }} />}>
          <LessonCalendar
            lessons={lessons.data ?? []}
            rooms={wide ? rooms.map((room) => ({ resourceId: room.roomId ?? '', title: room.name ?? '' })) : []}
            date={date}
            view={search.view}
            timeZone={zone}
            names={names}
            mayMove={can(session, 'lesson.move')}
            onOpen={({ lessonId = '' }) => change({ lesson: lessonId })}
            onDrop={(lesson, from, to) => setDropped({ lesson, start: from, end: to })}
            onDate={(to) => change({ date: wallDay(to) })}
          />
        </Suspense>
      </div>
      <Suspense>
        {search.lesson !== '' && <LessonDrawer key={search.lesson} lessonId={search.lesson} names={names} onClose={() => change({ lesson: '' })} />}
        {dropped !== null && <MoveDialog {...dropped} timeZone={zone} names={names} onClose={() => setDropped(null)} />}
      </Suspense>
    </>
  )
}
