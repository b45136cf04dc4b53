import { InboxOutlined } from '@ant-design/icons'
import { Alert, Button, Checkbox, Form, Select, Upload } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '@/components/problem-notice'
import { ColumnMapping } from '@/features/leads/column-mapping'
import { readColumnProposal } from '@/features/leads/column-proposal'
import { useUpload } from '@/features/leads/import-queries'
import { useCampuses } from '@/lib/directory'
import { canInChain } from '@/lib/permissions'
import { problemOf } from '@/lib/problem'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

interface Properties {
  file: File | null
  onFile: (file: File | null) => void
  onStarted: (importId: string) => void
}

interface Choices {
  campusId: string
  dryRun: boolean
}

export function ImportForm({ file, onFile, onStarted }: Properties): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const chainWide = canInChain(session, 'lead_import.create')
  const [wrongKind, setWrongKind] = useState(false)
  const upload = useUpload()
  const own = session?.homeCampusId || (chainWide ? '' : (campuses.list[0]?.campusId ?? ''))
  const [form] = Form.useForm<Choices>()
  const dryRun = Form.useWatch('dryRun', form) ?? false

  const accept = (chosen: File): false => {
    const fits = /\.(xlsx|csv)$/i.test(chosen.name)
    setWrongKind(!fits)
    if (fits) onFile(chosen)
    return false
  }
  const start = ({ campusId, dryRun: check }: Choices): void => {
    if (file === null) return
    upload.mutate(
      { file, campusId, dryRun: check },
      { onSuccess: (leadImport) => onStarted(leadImport.importId ?? '') },
    )
  }
  const choices = campuses.list.map((campus) => ({ value: campus.campusId ?? '', label: campus.name ?? '' }))
  const proposal = upload.isError ? readColumnProposal(problemOf(upload.error)) : null
  if (proposal !== null) return <ColumnMapping proposal={proposal} onStarted={onStarted} />
  return (
    <Form<Choices> form={form} layout="vertical" initialValues={{ campusId: own, dryRun: false }} onFinish={start}>
      <Form.Item>
        <Upload.Dragger
          accept=".xlsx,.csv"
          maxCount={1}
          beforeUpload={accept}
          fileList={file === null ? [] : [{ uid: file.name, name: file.name, size: file.size }]}
          onRemove={() => onFile(null)}
        >
          <InboxOutlined style={{ fontSize: 28, color: 'var(--ant-color-primary)' }} />
          <p style={{ margin: '8px 0 4px' }}>{text('import.drop')}</p>
          <p style={{ margin: 0, fontSize: 12, color: 'var(--ant-color-text-secondary)' }}>{text('import.dropHint')}</p>
        </Upload.Dragger>
      </Form.Item>
      {wrongKind && <Alert type="warning" showIcon title={text('import.wrongKind')} style={{ marginBottom: 16 }} />}
      <Form.Item name="campusId" label={text('import.campus')} extra={text('import.campusHint')}>
        <Select options={chainWide ? [{ value: '', label: text('import.campusFromFile') }, ...choices] : choices} />
      </Form.Item>
      <Form.Item name="dryRun" valuePropName="checked">
        <Checkbox>{text('import.dryRun')}</Checkbox>
      </Form.Item>
      {upload.isError && (
        <div style={{ marginBottom: 16 }}>
          <ProblemNotice error={upload.error} />
        </div>
      )}
      <Button type="primary" htmlType="submit" disabled={file === null} loading={upload.isPending} block>
        {text(upload.isPending ? 'import.uploading' : dryRun ? 'import.startDryRun' : 'import.start')}
      </Button>
    </Form>
  )
}
