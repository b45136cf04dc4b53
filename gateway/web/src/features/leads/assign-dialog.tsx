import { Form, Input, Modal, Select } from 'antd'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { useAssign, type Lead } from '@/features/leads/lead-queries'
import { useStaff } from '@/lib/directory'
import { useText } from '@/lib/text'

interface Choices {
  ownerId: string
  reason?: string
}

interface Properties {
  lead: Lead
  onClose: () => void
}

export function AssignDialog({ lead, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [form] = Form.useForm<Choices>()
  const advisors = useStaff('course_advisor')
  const assign = useAssign(lead.leadId ?? '')
  // Advisors of the lead's own campus stand first.
  const rank = (campusId: string | undefined): number => (campusId === lead.campusId ? 0 : 1)
  const active = advisors.filter((person) => person.active && person.staffId !== lead.ownerId)
  const options = [
    ...active
      .toSorted((one, other) => rank(one.campusId) - rank(other.campusId))
      .map((person) => ({ value: person.staffId ?? '', label: person.displayName ?? '' })),
    ...(lead.ownerId ? [{ value: '', label: text('leads.owner.pool') }] : []),
  ]
  const submit = (choices: Choices): void =>
    assign.mutate(choices, {
      onSuccess: () => {
        void notices.success(text('assign.done'))
        onClose()
      },
    })
  return (
    <Modal
      open
      title={text('assign.title')}
      okText={text('assign.submit')}
      cancelText={text('action.cancel')}
      confirmLoading={assign.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Choices> form={form} layout="vertical" onFinish={submit} requiredMark={false}>
        <Form.Item
          name="ownerId"
          label={text('assign.owner')}
          rules={[{ validator: (_, value) => (value === undefined ? Promise.reject(new Error(text('form.required', { field: text('assign.owner') }))) : Promise.resolve()) }]}
        >
          <Select showSearch={{ optionFilterProp: 'label' }} options={options} autoFocus />
        </Form.Item>
        <Form.Item name="reason" label={text('assign.reason')}>
          <Input maxLength={200} />
        </Form.Item>
        {assign.isError && <ProblemNotice error={assign.error} />}
      </Form>
    </Modal>
  )
}
