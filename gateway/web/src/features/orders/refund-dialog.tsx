import { Form, Input, Modal, Select, Skeleton, Typography } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { RefundLines } from '@/features/orders/refund-lines'
import { useRefundPreview, useRequestRefund, type RefundCause } from '@/features/orders/order-queries'
import { fenOf } from '@/lib/money'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'
import { word } from '@/lib/words'

const CAUSES: readonly RefundCause[] = [
  'REFUND_CAUSE_FAMILY',
  'REFUND_CAUSE_SCHOOL',
  'REFUND_CAUSE_MUTUAL',
  'REFUND_CAUSE_COOLING_OFF',
  'REFUND_CAUSE_OVERPAYMENT',
]
const FIRST_CAUSE: RefundCause = 'REFUND_CAUSE_FAMILY'

interface Properties {
  orderId: string
  onClose: () => void
}

interface Choices {
  cause: RefundCause
  fee: string
  reason: string
}

function Preview({ orderId, cause, fee }: { orderId: string; cause: RefundCause; fee: string }): React.ReactNode {
  const preview = useRefundPreview(orderId, { cause, feeFen: fenOf(fee) ?? '0' })
  if (preview.isPending) return <Skeleton active title={false} paragraph={{ rows: 3 }} />
  if (preview.isError) return <ProblemNotice error={preview.error} />
  return <RefundLines refund={preview.data} />
}

/** Shows what a family gets back, line by line, before anybody is asked for it. */
export function RefundDialog({ orderId, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [form] = Form.useForm<Choices>()
  const cause = Form.useWatch('cause', form) ?? FIRST_CAUSE
  const fee = Form.useWatch('fee', form) ?? '0'
  const [requestId] = useState(uuid)
  const ask = useRequestRefund(orderId)
  const submit = (choices: Choices): void =>
    ask.mutate(
      { cause: choices.cause, feeFen: fenOf(choices.fee) ?? '0', reason: choices.reason, requestId },
      {
        onSuccess: () => {
          void notices.success(text('order.refund.done'))
          onClose()
        },
      },
    )
  return (
    <Modal
      open
      title={text('order.refund')}
      okText={text('order.refund.submit')}
      cancelText={text('action.cancel')}
      confirmLoading={ask.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        onFinish={submit}
        requiredMark={false}
        initialValues={{ cause: FIRST_CAUSE, fee: '0', reason: '' }}
      >
        <Form.Item name="cause" label={text('order.refund.cause')}>
          <Select options={CAUSES.map((each) => ({ value: each, label: word(text, 'refundCause', each) }))} />
        </Form.Item>
        <Form.Item
          name="fee"
          label={text('order.refund.fee')}
          rules={[
            {
              validator: (_, value: string) =>
                fenOf(value) === null ? Promise.reject(new Error(text('order.pay.invalid'))) : Promise.resolve(),
            },
          ]}
        >
          <Input inputMode="decimal" prefix="¥" maxLength={16} />
        </Form.Item>
        <Typography.Paragraph>
          <Preview orderId={orderId} cause={cause} fee={fee} />
        </Typography.Paragraph>
        <Form.Item
          name="reason"
          label={text('order.refund.note')}
          rules={[{ required: true, message: text('form.required', { field: text('order.refund.note') }) }]}
        >
          <Input.TextArea maxLength={200} rows={2} />
        </Form.Item>
        {ask.isError && <ProblemNotice error={ask.error} />}
      </Form>
    </Modal>
  )
}
