import { Alert, Button, Form, Select } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import type { ColumnProposal } from '@/features/leads/column-proposal'
import { useStartImport } from '@/features/leads/import-queries'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  proposal: ColumnProposal
  onStarted: (importId: string) => void
}

/** Asks which columns hold the fields that were not recognised; the file itself has arrived already. */
export function ColumnMapping({ proposal, onStarted }: Properties): React.ReactNode {
  const text = useText()
  const start = useStartImport()
  const submit = (choices: Record<string, string>): void => {
    const mapping = Object.fromEntries(Object.entries(choices).map(([field, header]) => [header, field]))
    start.mutate({ importId: proposal.importId, mapping }, { onSuccess: () => onStarted(proposal.importId) })
  }
  return (
    <Form<Record<string, string>> layout="vertical" initialValues={proposal.guess} onFinish={submit} requiredMark={false}>
      <Alert type="info" showIcon title={text('import.columns')} style={{ marginBottom: 16 }} />
      {proposal.missing.map((field) => {
        const label = word(text, 'field', field)
        return (
          <Form.Item
            key={field}
            name={field}
            label={label}
            rules={[{ required: true, message: text('form.required', { field: label }) }]}
          >
            <Select showSearch options={proposal.headers.map((header) => ({ value: header, label: header }))} />
          </Form.Item>
        )
      })}
      {start.isError && (
        <div style={{ marginBottom: 16 }}>
          <ProblemNotice error={start.error} />
        </div>
      )}
      <Button type="primary" htmlType="submit" loading={start.isPending} block>
        {text('import.start')}
      </Button>
    </Form>
  )
}
