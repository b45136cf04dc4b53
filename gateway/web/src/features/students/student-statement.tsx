import { FileExcelOutlined, PrinterOutlined } from '@ant-design/icons'
import { Button, Drawer, Skeleton, Space, Table, Typography, type TableColumnsType } from 'antd'
import { useMutation } from '@tanstack/react-query'
import { ProblemNotice } from '@/components/problem-notice'
import { readStatement, useStatement, type StatementFile } from '@/features/students/student-queries'
import type { Schemas } from '@/lib/api'
import { formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { openFile } from '@/lib/files'
import { formatFen, formatHundredths } from '@/lib/money'
import { usePreferences } from '@/lib/preferences'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

type Line = Schemas['StudentStatementLine']

interface Properties {
  studentId: string
  name: string
  onClose: () => void
}

const signed = (figure: string, text: string): string => (figure.startsWith('-') || figure === '0' ? text : `+${text}`)

/** Every movement of hours and money of a child, with what was left after it. */
export function StudentStatement({ studentId, name, onClose }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const language = usePreferences().language === 'en' ? 'en' : 'zh'
  const statement = useStatement(studentId)
  const file = useMutation({
    mutationFn: (kind: StatementFile) => readStatement(studentId, kind, language),
    onSuccess: openFile,
  })
  const columns: TableColumnsType<Line> = [
    {
      title: text('statement.time'),
      width: 150,
      render: (_, line) => <span className="mono">{formatInstant(line.time, campuses.timeZone(line.campusId))}</span>,
    },
    {
      title: text('statement.what'),
      render: (_, line) => (
        <>
          {word(text, 'statement.kind', line.kind)}{' '}
          <Typography.Text type="secondary">
            {[line.courseName, word(text, 'payment', line.method), campuses.name(line.campusId)].filter(Boolean).join(' · ')}
          </Typography.Text>
        </>
      ),
    },
    {
      title: text('statement.hours'),
      align: 'right',
      width: 90,
      render: (_, line) => line.courseId && signed(line.hundredths ?? '0', formatHundredths(line.hundredths ?? '0')),
    },
    {
      title: text('statement.hoursAfter'),
      align: 'right',
      width: 90,
      render: (_, line) => line.courseId && formatHundredths(line.hundredthsAfter ?? '0'),
    },
    {
      title: text('statement.value'),
      align: 'right',
      width: 120,
      render: (_, line) => line.courseId && signed(line.valueFen ?? '0', formatFen(line.valueFen ?? '0')),
    },
    {
      title: text('statement.paid'),
      align: 'right',
      width: 120,
      render: (_, line) => (line.paidFen ?? '0') !== '0' && signed(line.paidFen ?? '0', formatFen(line.paidFen ?? '0')),
    },
  ]
  return (
    <Drawer
      open
      size={880}
      title={text('statement.title', { name })}
      onClose={onClose}
      extra={
        <Space>
          <Button icon={<FileExcelOutlined />} loading={file.isPending && file.variables === 'xlsx'} onClick={() => file.mutate('xlsx')}>
            {text('statement.excel')}
          </Button>
          <Button icon={<PrinterOutlined />} loading={file.isPending && file.variables === 'pdf'} onClick={() => file.mutate('pdf')}>
            {text('statement.pdf')}
          </Button>
        </Space>
      }
    >
      {file.isError && <ProblemNotice error={file.error} />}
      {statement.isError && <ProblemNotice error={statement.error} onRetry={() => void statement.refetch()} />}
      {statement.isPending && <Skeleton active paragraph={{ rows: 10 }} />}
      {statement.data?.length === 0 && <Typography.Text type="secondary">{text('statement.none')}</Typography.Text>}
      {(statement.data ?? []).length > 0 && (
        <Table<Line>
          size="small"
          columns={columns}
          dataSource={[...(statement.data ?? [])].reverse()}
          rowKey={(line) => line.lineId ?? ''}
          pagination={{ pageSize: 50, hideOnSinglePage: true, showSizeChanger: false }}
          scroll={{ x: 'max-content' }}
        />
      )}
    </Drawer>
  )
}
