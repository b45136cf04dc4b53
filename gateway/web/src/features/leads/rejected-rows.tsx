import { DownloadOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Table, Typography } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import { allRejectedRows, useRejectedRows, type ImportRow } from '@/features/leads/import-queries'
import { download, toCsv } from '@/lib/csv'
import { useText, type Text } from '@/lib/text'
import { word } from '@/lib/words'

function cells(text: Text, row: ImportRow): [line: string, field: string, reason: string] {
  return [row.cell || String(row.line ?? ''), word(text, 'field', row.field), word(text, 'reason', row.reason)]
}

/** Rows that were not taken in, with the cell or the line of the file where each stands. */
export function RejectedRows({ importId }: { importId: string }): React.ReactNode {
  const text = useText()
  const rows = useRejectedRows(importId)
  const header = [text('import.column.line'), text('import.column.field'), text('import.column.reason')]
  const save = useMutation({
    mutationFn: async () => {
      const all = await allRejectedRows(importId)
      download(text('import.downloadName'), toCsv([header, ...all.map((row) => cells(text, row))]))
    },
  })
  const failure = rows.error ?? save.error
  return (
    <section>
      <div style={{ display: 'flex', flexWrap: 'wrap', justifyContent: 'space-between', gap: 8, marginBottom: 8 }}>
        <Typography.Text strong>{text('import.rejectedTitle')}</Typography.Text>
        <Button size="small" icon={<DownloadOutlined />} loading={save.isPending} onClick={() => save.mutate()}>
          {text('import.download')}
        </Button>
      </div>
      {failure !== null && <ProblemNotice error={failure} onRetry={() => void rows.refetch()} />}
      <Table<ImportRow>
        size="small"
        rowKey={(row) => row.line ?? 0}
        loading={rows.isPending}
        pagination={false}
        scroll={{ y: 260 }}
        dataSource={rows.data?.pages.flatMap((page) => page.rows ?? []) ?? []}
        columns={header.map((title, index) => ({
          title,
          width: index === 0 ? 80 : undefined,
          render: (_, row) => cells(text, row)[index],
        }))}
      />
      {rows.hasNextPage && (
        <Button type="link" loading={rows.isFetchingNextPage} onClick={() => void rows.fetchNextPage()}>
          {text('import.moreRows')}
        </Button>
      )}
    </section>
  )
}
