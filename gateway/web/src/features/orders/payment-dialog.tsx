import { Form, Input, Modal, Segmented } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { METHODS, useRecordPayment, type Method } from '@/features/orders/order-queries'
import { fenOf, formatFen } from '@/lib/money'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'
import { word } from '@/lib/words'

interface Properties {
  orderId: string
  openFen: string
  onClose: () => void
}

interface Choices {
  amount: string
  method: Method
}

/** Takes money at the desk. */
export function PaymentDialog({ orderId, openFen, onClose }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [form] = Form.useForm<Choices>()
  // One id for the whole dialog: pressing again after a lost answer does not take the money twice.
  const [requestId] = useState(uuid)
  const record = useRecordPayment(orderId)
  const submit = ({ amount, method }: Choices): void => {
    const amountFen = fenOf(amount) ?? '0'
    record.mutate(
      { amountFen, method, requestId },
      {
        onSuccess: () => {
          void notices.success(text('order.pay.done', { amount: formatFen(amountFen) }))
          onClose()
        },
      },
    )
  }
  const check = (_: unknown, amount: string): Promise<void> => {
    const fen = fenOf(amount)
    if (fen === null || fen === '0') return Promise.reject(new Error(text('order.pay.invalid')))
    if (BigInt(fen) > BigInt(openFen)) return Promise.reject(new Error(text('order.pay.tooMuch', { amount: formatFen(openFen) })))
    return Promise.resolve()
  }
  return (
    <Modal
      open
      title={text('order.pay')}
      okText={text('order.pay.submit')}
      cancelText={text('action.cancel')}
      confirmLoading={record.isPending}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form
        form={form}
        layout="vertical"
        onFinish={submit}
        requiredMark={false}
        initialValues={{ amount: formatFen(openFen).slice(1), method: METHODS[0] }}
      >
        <Form.Item name="amount" label={text('order.pay.amount')} rules={[{ validator: check }]}>
          <Input autoFocus inputMode="decimal" prefix="¥" maxLength={16} />
        </Form.Item>
        <Form.Item name="method" label={text('order.pay.method')}>
          <Segmented options={METHODS.map((method) => ({ value: method, label: word(text, 'payment', method) }))} />
        </Form.Item>
        {record.isError && <ProblemNotice error={record.error} />}
      </Form>
    </Modal>
  )
}
