import { Alert, Button, Form, Input, Popconfirm, Space } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { useDecideSettlement, type Settlement, type Step } from '@/features/settlements/settlement-queries'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'

/** Confirming a statement, objecting to it, answering: whatever comes next. */
export function SettlementDecision({ settlement }: { settlement: Settlement }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const [form] = Form.useForm<{ words: string }>()
  const [writing, setWriting] = useState(false)
  const decide = useDecideSettlement(settlement.settlementId ?? '')
  const send = (step: Step, words = ''): void =>
    decide.mutate(
      { step, text: words, requestId: uuid() },
      {
        onSuccess: () => {
          void notices.success(text('settlement.done'))
          setWriting(false)
          form.resetFields()
        },
      },
    )
  const draft = settlement.state === 'SETTLEMENT_STATE_DRAFT'
  const disputed = settlement.state === 'SETTLEMENT_STATE_DISPUTED'
  const step: Step = disputed ? 'answer' : 'dispute'
  const mayWrite = disputed ? can(session, 'settlement.answer') : draft && can(session, 'settlement.dispute')
  const { dispute } = settlement
  return (
    <Space orientation="vertical" style={{ width: '100%' }}>
      {dispute?.text && (
        <Alert type={disputed ? 'warning' : 'info'} showIcon title={dispute.text} description={dispute.answer || undefined} />
      )}
      <Space wrap>
        {draft && can(session, 'settlement.confirm') && (
          <Popconfirm
            title={text('settlement.confirm.sure')}
            okText={text('settlement.confirm')}
            cancelText={text('action.cancel')}
            onConfirm={() => send('confirm')}
          >
            <Button type="primary" loading={decide.isPending}>
              {text('settlement.confirm')}
            </Button>
          </Popconfirm>
        )}
        {mayWrite && !writing && (
          <Button onClick={() => setWriting(true)}>{text(disputed ? 'settlement.answer' : 'settlement.dispute')}</Button>
        )}
      </Space>
      {writing && mayWrite && (
        <Form form={form} layout="inline" onFinish={({ words }) => send(step, words)}>
          <Form.Item
            name="words"
            label={text('settlement.words')}
            style={{ flex: 1 }}
            rules={[{ required: true, message: text('form.required', { field: text('settlement.words') }) }]}
          >
            <Input maxLength={500} autoFocus />
          </Form.Item>
          <Button htmlType="submit" loading={decide.isPending}>
            {text('settlement.send')}
          </Button>
        </Form>
      )}
      {decide.isError && <ProblemNotice error={decide.error} />}
    </Space>
  )
}
