import { StopOutlined } from '@ant-design/icons'
import { Button, Descriptions, Drawer, Skeleton, Tag, Typography } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '@/components/problem-notice'
import { CancelForm } from '@/features/timetable/cancel-form'
import type { LessonNames } from '@/features/timetable/lesson-words'
import { RollCallSheet } from '@/features/timetable/roll-call-sheet'
import { useLesson, type Lesson } from '@/features/timetable/timetable-queries'
import { formatClock, formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  lessonId: string
  names: LessonNames
  onClose: () => void
}

function LessonFacts({ lesson, names, onClose }: { lesson: Lesson; names: LessonNames; onClose: () => void }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const zone = useCampuses().timeZone(lesson.campusId)
  const [cancelling, setCancelling] = useState(false)
  const stands = lesson.state === 'LESSON_STATE_SCHEDULED'
  const taught = lesson.rollCallState === 'ROLL_CALL_STATE_CONFIRMED'
  const facts = [
    [text('timetable.time'), `${formatInstant(lesson.startTime, zone)}–${formatClock(lesson.endTime, zone)}`],
    [text('timetable.teacher'), names.teachers(lesson)],
    [text('timetable.room'), names.room(lesson.roomId)],
    [text('timetable.seatsTitle'), text('timetable.seats', { taken: lesson.seatsTaken ?? 0, limit: lesson.seatLimit ?? 0 })],
    [text('timetable.cancel.reason'), lesson.cancelReason ?? ''],
  ] as const
  return (
    <>
      <Descriptions
        size="small"
        column={1}
        colon={false}
        styles={{ label: { width: 72 } }}
        items={facts.filter(([, value]) => value !== '').map(([label, value]) => ({ key: label, label, children: value }))}
      />
      <p>
        {!stands && <Tag color="red">{text('timetable.isCancelled')}</Tag>}
        {stands && <Tag color={taught ? 'green' : 'gold'}>{word(text, 'rollCallState', lesson.rollCallState)}</Tag>}
      </p>
      {stands && can(session, 'attendance.read') && (
        <>
          <Typography.Title level={2} style={{ fontSize: 16 }}>
            {text('rollCall.title')}
          </Typography.Title>
          <RollCallSheet key={lesson.lessonId} lessonId={lesson.lessonId ?? ''} />
        </>
      )}
      {stands && !taught && can(session, 'lesson.cancel') && (
        <div style={{ marginTop: 24 }}>
          {cancelling ? (
            <CancelForm lesson={lesson} onDone={onClose} onBack={() => setCancelling(false)} />
          ) : (
            <Button danger icon={<StopOutlined />} onClick={() => setCancelling(true)}>
              {text('timetable.cancel.action')}
            </Button>
          )}
        </div>
      )}
    </>
  )
}

/** One lesson beside the calendar: what it is, who comes, the roll call. */
export function LessonDrawer({ lessonId, names, onClose }: Properties): React.ReactNode {
  const lesson = useLesson(lessonId)
  return (
    <Drawer open size={440} title={lesson.data === undefined ? '' : names.title(lesson.data)} onClose={onClose}>
      {lesson.isPending && <Skeleton active />}
      {lesson.isError && <ProblemNotice error={lesson.error} onRetry={() => void lesson.refetch()} />}
      {lesson.data !== undefined && <LessonFacts lesson={lesson.data} names={names} onClose={onClose} />}
    </Drawer>
  )
}
