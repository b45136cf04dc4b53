import { Form, Input, Modal, Select } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { STATES } from '@/features/students/student-facts-line'
import { useChangeState, type StateInput, type Student } from '@/features/students/student-queries'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'
import { word } from '@/lib/words'

/** Where a student may go from each state; the service decides, this only leaves out what it would refuse. */
const NEXT: Readonly<Record<string, readonly (typeof STATES)[number][]>> = {
  STUDENT_STATE_ENROLLED: ['STUDENT_STATE_PAUSED', 'STUDENT_STATE_FINISHED', 'STUDENT_STATE_LAPSED'],
  STUDENT_STATE_PAUSED: ['STUDENT_STATE_ENROLLED', 'STUDENT_STATE_LAPSED'],
  STUDENT_STATE_FINISHED: ['STUDENT_STATE_ENROLLED', 'STUDENT_STATE_LAPSED', 'STUDENT_STATE_ALUMNUS'],
  STUDENT_STATE_LAPSED: ['STUDENT_STATE_ENROLLED'],
  STUDENT_STATE_ALUMNUS: ['STUDENT_STATE_ENROLLED'],
}
const LEAVE_REASONS = ['price', 'effect', 'time', 'move', 'teacher', 'other'] as const

interface Properties {
  student: Student
  onClose: () => void
}

export function StateDialog({ student, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [form] = Form.useForm<Omit<StateInput, 'requestId'>>()
  const state = Form.useWatch('state', form)
  // One id for the whole dialog: pressing again after a lost answer does not change the state twice.
  const [requestId] = useState(uuid)
  const change = useChangeState(student.studentId ?? '')
  const submit = (input: Omit<StateInput, 'requestId'>): void =>
    change.mutate(
      { ...input, requestId },
      {
        onSuccess: () => {
          void notices.success(text('student.state.done'))
          onClose()
        },
      },
    )
  const required = (field: string): { required: true; message: string } => ({ required: true, message: text('form.required', { field }) })
  return (
    <Modal
      open
      title={text('student.state.title', { name: student.name ?? '' })}
      okText={text('student.state.submit')}
      cancelText={text('action.cancel')}
      confirmLoading={change.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form form={form} layout="vertical" onFinish={submit} requiredMark={false}>
        <Form.Item name="state" label={text('student.state.to')} rules={[required(text('student.state.to'))]}>
          <Select
            autoFocus
            options={(NEXT[student.state ?? ''] ?? []).map((each) => ({ value: each, label: word(text, 'studentState', each) }))}
          />
        </Form.Item>
        <Form.Item name="reason" label={text('student.state.reason')} rules={[required(text('student.state.reason'))]}>
          {state === 'STUDENT_STATE_LAPSED' ? (
            <Select options={LEAVE_REASONS.map((each) => ({ value: each, label: word(text, 'leaveReason', each) }))} />
          ) : (
            <Input maxLength={60} />
          )}
        </Form.Item>
        {change.isError && <ProblemNotice error={change.error} />}
      </Form>
    </Modal>
  )
}
