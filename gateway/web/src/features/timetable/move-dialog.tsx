import { Alert, Form, Input, Modal, Radio, Skeleton, Typography } from 'antd'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import type { LessonNames } from '@/features/timetable/lesson-words'
import { SCOPES, type ScopeChoice } from '@/features/timetable/series-scopes'
import { useMove, usePreview, type Lesson } from '@/features/timetable/timetable-queries'
import { formatClock, formatInstant } from '@/lib/dates'
import { useStaffName } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { instantOfWall } from '@/lib/wall-clock'
import { word } from '@/lib/words'

interface Properties {
  lesson: Lesson
  /** Wall dates of the campus. */
  start: Date
  end: Date
  timeZone: string
  names: LessonNames
  onClose: () => void
}

interface Choices {
  scope: ScopeChoice
  reason: string
  overrideReason?: string
}

/** Says what a move would collide with before anything is moved. */
export function MoveDialog({ lesson, start, end, timeZone, names, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const staffName = useStaffName()
  const [form] = Form.useForm<Choices>()
  const [startTime, endTime] = [instantOfWall(start, timeZone), instantOfWall(end, timeZone)]
  const preview = usePreview(lesson, startTime, endTime)
  const move = useMove(lesson.lessonId ?? '')
  const conflicts = preview.data?.conflicts ?? []
  const objections = preview.data?.objections ?? []
  const mayOverride = can(session, 'lesson.override')
  const resource = (kind: string | undefined, id: string | undefined): string => {
    if (kind === 'RESOURCE_KIND_ROOM') return names.room(id)
    if (kind === 'RESOURCE_KIND_CLASS_GROUP') return names.group(id)
    return kind === 'RESOURCE_KIND_TEACHER' ? staffName(id) : ''
  }
  const span = (from: string | undefined, to: string | undefined): string => `${formatInstant(from, timeZone)}–${formatClock(to, timeZone)}`
  const submit = (choices: Choices): void =>
    move.mutate(
      { ...choices, startTime, endTime },
      {
        onSuccess: ({ others }) => {
          void notices.success(text('timetable.moved', { count: 1 + (others ?? []).length }))
          onClose()
        },
      },
    )
  const blocked = preview.isPending || conflicts.length > 0 || (objections.length > 0 && !mayOverride)
  return (
    <Modal
      open
      title={text('timetable.move.title', { name: names.title(lesson) })}
      okText={text('timetable.move.submit')}
      cancelText={text('action.cancel')}
      okButtonProps={{ disabled: blocked }}
      confirmLoading={move.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <p>
        <Typography.Text type="secondary" delete>
          {span(lesson.startTime, lesson.endTime)}
        </Typography.Text>
        {' → '}
        <Typography.Text strong>{span(startTime, endTime)}</Typography.Text>
      </p>
      {preview.isPending && <Skeleton active paragraph={{ rows: 1 }} title={false} />}
      {preview.isError && <ProblemNotice error={preview.error} onRetry={() => void preview.refetch()} />}
      {conflicts.length > 0 && (
        <Alert
          type="error"
          showIcon
          title={text('timetable.conflicts')}
          description={conflicts.map((conflict) => (
            <div key={`${conflict.resourceKind}${conflict.resourceId}${conflict.lessonId}`}>
              {[word(text, 'resource', conflict.resourceKind), resource(conflict.resourceKind, conflict.resourceId)].filter(Boolean).join(' ')}{' '}
              {span(conflict.startTime, conflict.endTime)}
            </div>
          ))}
        />
      )}
      {objections.length > 0 && (
        <Alert
          type="warning"
          showIcon
          title={text(mayOverride ? 'timetable.objections.override' : 'timetable.objections')}
          description={objections.map((objection) => (
            <div key={`${objection.reason}${objection.resourceId}`}>
              {[word(text, 'objection', objection.reason), objection.limit, objection.source].filter(Boolean).join(' · ')}
            </div>
          ))}
        />
      )}
      {preview.isSuccess && conflicts.length === 0 && objections.length === 0 && (
        <Alert type="success" showIcon title={text('timetable.free')} />
      )}
      <Form
        form={form}
        layout="vertical"
        onFinish={submit}
        requiredMark={false}
        initialValues={{ scope: SCOPES[0], reason: '' }}
        style={{ marginTop: 16 }}
      >
        {lesson.seriesId && (
          <Form.Item name="scope" label={text('timetable.scope')}>
            <Radio.Group options={SCOPES.map((scope) => ({ value: scope, label: word(text, 'scope', scope) }))} />
          </Form.Item>
        )}
        <Form.Item name="reason" label={text('timetable.reason')}>
          <Input maxLength={200} autoFocus />
        </Form.Item>
        {objections.length > 0 && mayOverride && (
          <Form.Item
            name="overrideReason"
            label={text('timetable.overrideReason')}
            rules={[{ required: true, message: text('form.required', { field: text('timetable.overrideReason') }) }]}
          >
            <Input maxLength={200} />
          </Form.Item>
        )}
        {move.isError && <ProblemNotice error={move.error} />}
      </Form>
    </Modal>
  )
}
