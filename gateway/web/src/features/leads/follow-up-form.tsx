import { Button, DatePicker, Form, Input, Segmented } from 'antd'
import dayjs, { type Dayjs } from 'dayjs'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { useAddFollowUp, type FollowUpInput } from '@/features/leads/lead-queries'
import { CHANNELS } from '@/features/leads/lead-words'
import { instantOf } from '@/lib/dates'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'
import { word } from '@/lib/words'
import styles from '@/features/leads/follow-up-form.module.css'

interface Entries {
  channel: (typeof CHANNELS)[number]
  content: string
  /** What the picker shows; read as the clock of the campus. */
  next?: Dayjs | null
}

const LONGEST = 4000

export function FollowUpForm({ leadId, timeZone }: { leadId: string; timeZone: string }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const [form] = Form.useForm<Entries>()
  // One id until the entry is saved: pressing the button again after a lost answer saves it once.
  const [requestId, setRequestId] = useState(uuid)
  const add = useAddFollowUp(leadId)

  const save = ({ channel, content, next }: Entries): void => {
    const input: FollowUpInput = { requestId, channel, content: content.trim() }
    if (next) input.nextContactTime = instantOf(next.format('YYYY-MM-DDTHH:mm'), timeZone)
    add.mutate(input, {
      onSuccess: () => {
        void notices.success(text('followUp.saved'))
        setRequestId(uuid())
        form.resetFields()
      },
    })
  }
  return (
    <Form<Entries>
      form={form}
      layout="vertical"
      requiredMark={false}
      initialValues={{ channel: 'FOLLOW_UP_CHANNEL_PHONE' }}
      onFinish={save}
      // Another text is another entry, also after a failed attempt.
      onValuesChange={() => add.isError && setRequestId(uuid())}
    >
      <Form.Item name="channel" aria-label={text('followUp.channel')} className={styles['channel'] ?? ''}>
        <Segmented options={CHANNELS.map((value) => ({ value, label: word(text, 'channel', value) }))} />
      </Form.Item>
      <Form.Item
        name="content"
        rules={[{ required: true, whitespace: true, message: text('form.required', { field: text('followUp.content') }) }]}
      >
        <Input.TextArea
          aria-label={text('followUp.content')}
          placeholder={text('followUp.placeholder')}
          autoSize={{ minRows: 2, maxRows: 10 }}
          maxLength={LONGEST}
        />
      </Form.Item>
      {add.isError && (
        <div className={styles['problem']}>
          <ProblemNotice error={add.error} />
        </div>
      )}
      <div className={styles['foot']}>
        <Form.Item name="next" label={text('followUp.next')} layout="horizontal" className={styles['next'] ?? ''}>
          <DatePicker
            showTime={{ format: 'HH:mm', minuteStep: 5, defaultOpenValue: dayjs('10:00', 'HH:mm') }}
            format="YYYY-MM-DD HH:mm"
            minDate={dayjs()}
          />
        </Form.Item>
        <Button type="primary" htmlType="submit" loading={add.isPending}>
          {text('followUp.submit')}
        </Button>
      </div>
    </Form>
  )
}
