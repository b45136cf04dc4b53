import { Button, Form, Input, Modal, Space } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { useDecideRefund, type Decision, type Refund } from '@/features/orders/order-queries'
import { RefundLines } from '@/features/orders/refund-lines'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'

interface Properties {
  orderId: string
  refund: Refund
  onClose: () => void
}

/** Where somebody decides about a refund that was asked for, with its figures before them. */
export function RefundDecision({ orderId, refund, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const [form] = Form.useForm<{ reason: string }>()
  const [requestId] = useState(uuid)
  const decide = useDecideRefund(orderId)
  const send = (decision: Decision, reason = ''): void =>
    decide.mutate(
      { refundId: refund.refundId ?? '', decision, reason, requestId },
      {
        onSuccess: () => {
          void notices.success(text('order.refund.decided'))
          onClose()
        },
      },
    )
  const own = refund.requestStaffId === session?.staffId
  const mayDecide = !own && can(session, 'refund.approve')
  const mayWithdraw = own && can(session, 'refund.request')
  return (
    <Modal open title={text('order.refund.decide')} footer={null} onCancel={onClose}>
      <RefundLines refund={refund} />
      <p>{refund.reason}</p>
      <Form form={form} layout="vertical" requiredMark={false} initialValues={{ reason: '' }} onFinish={({ reason }) => send(own ? 'withdraw' : 'reject', reason)}>
        {(mayDecide || mayWithdraw) && (
          <Form.Item
            name="reason"
            label={text('order.refund.reason')}
            rules={[{ required: true, message: text('form.required', { field: text('order.refund.reason') }) }]}
          >
            <Input maxLength={200} />
          </Form.Item>
        )}
        {decide.isError && <ProblemNotice error={decide.error} />}
        <Space>
          {mayDecide && (
            <>
              <Button type="primary" loading={decide.isPending} onClick={() => send('approve')}>
                {text('order.refund.approve')}
              </Button>
              <Button danger htmlType="submit" loading={decide.isPending}>
                {text('order.refund.reject')}
              </Button>
            </>
          )}
          {mayWithdraw && (
            <Button htmlType="submit" loading={decide.isPending}>
              {text('order.refund.withdraw')}
            </Button>
          )}
        </Space>
      </Form>
    </Modal>
  )
}
