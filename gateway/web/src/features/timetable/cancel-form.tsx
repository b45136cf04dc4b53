import { Button, Form, Input, Radio, Space } from 'antd'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { SCOPES } from '@/features/timetable/series-scopes'
import { useCancel, type CancelInput, type Lesson } from '@/features/timetable/timetable-queries'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  lesson: Lesson
  onDone: () => void
  onBack: () => void
}

/** Cancels a lesson, or it and its series, with a reason that families read. */
export function CancelForm({ lesson, onDone, onBack }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const cancel = useCancel(lesson.lessonId ?? '')
  const submit = (input: CancelInput): void =>
    cancel.mutate(input, {
      onSuccess: ({ others }) => {
        void notices.success(text('timetable.cancelled', { count: 1 + (others ?? []).length }))
        onDone()
      },
    })
  return (
    <Form layout="vertical" onFinish={submit} requiredMark={false} initialValues={{ scope: SCOPES[0] }}>
      {lesson.seriesId && (
        <Form.Item name="scope" label={text('timetable.scope')}>
          <Radio.Group options={SCOPES.map((scope) => ({ value: scope, label: word(text, 'scope', scope) }))} />
        </Form.Item>
      )}
      <Form.Item
        name="reason"
        label={text('timetable.cancel.reason')}
        rules={[{ required: true, whitespace: true, message: text('form.required', { field: text('timetable.cancel.reason') }) }]}
      >
        <Input maxLength={200} autoFocus />
      </Form.Item>
      {cancel.isError && <ProblemNotice error={cancel.error} />}
      <Space>
        <Button danger type="primary" htmlType="submit" loading={cancel.isPending}>
          {text('timetable.cancel.submit')}
        </Button>
        <Button onClick={onBack}>{text('timetable.cancel.back')}</Button>
      </Space>
    </Form>
  )
}
