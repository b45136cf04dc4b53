import { ArrowLeftOutlined, FileExcelOutlined } from '@ant-design/icons'
import { useMutation } from '@tanstack/react-query'
import { Button, Skeleton, Table, Typography, type TableColumnsType } from 'antd'
import { Suspense, lazy } from 'react'
import { Link, useParams } from 'react-router'
import { Figure } from '@/components/figure'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { readSettlementFile, useLines, useSettlement, type Settlement, type SettlementLine } from '@/features/settlements/settlement-queries'
import { SettlementStateTag, monthOf, usePartyName } from '@/features/settlements/settlement-words'
import { formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { openFile } from '@/lib/files'
import { formatFen } from '@/lib/money'
import { usePreferences } from '@/lib/preferences'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

const SettlementDecision = lazy(async () => ({ default: (await import('@/features/settlements/settlement-decision')).SettlementDecision }))

function Lines({ settlement }: { settlement: Settlement }): React.ReactNode {
  const text = useText()
  const zone = useCampuses().timeZone(settlement.campusId)
  const lines = useLines(settlement.settlementId ?? '')
  const rows = lines.data?.pages.flatMap((page) => page.settlementLines ?? []) ?? []
  const columns: TableColumnsType<SettlementLine> = [
    {
      title: text('settlement.time'),
      width: 160,
      render: (_, line) => <span className="mono">{formatInstant(line.occurTime, zone)}</span>,
    },
    {
      title: text('settlement.what'),
      render: (_, line) =>
        [
          word(text, 'settlementSource', line.sourceKind),
          line.kind === 'SETTLEMENT_LINE_KIND_SPLIT' ? '' : word(text, 'settlementLine', line.kind),
          line.kind === 'SETTLEMENT_LINE_KIND_ADJUSTMENT' ? line.explanation : '',
        ]
          .filter(Boolean)
          .join(' · '),
    },
    {
      title: text('settlement.base'),
      width: 140,
      align: 'right',
      render: (_, line) => (line.baseFen ?? '0') !== '0' && <span className="mono">{formatFen(line.baseFen ?? '0')}</span>,
    },
    {
      title: text('settlements.column.amount'),
      width: 140,
      align: 'right',
      render: (_, line) => <span className="mono">{formatFen(line.amountFen ?? '0')}</span>,
    },
  ]
  return (
    <section>
      <Typography.Title level={2} style={{ fontSize: 16 }}>
        {text('settlement.lines', { count: settlement.lineCount ?? '0' })}
      </Typography.Title>
      {lines.isError && <ProblemNotice error={lines.error} onRetry={() => void lines.refetch()} />}
      <Table<SettlementLine>
        size="small"
        loading={lines.isPending}
        columns={columns}
        dataSource={rows}
        rowKey={(line) => line.settlementLineId ?? ''}
        pagination={false}
        scroll={{ x: 'max-content' }}
      />
      {lines.hasNextPage && (
        <Button block style={{ marginTop: 8 }} loading={lines.isFetchingNextPage} onClick={() => void lines.fetchNextPage()}>
          {text('timeline.more')}
        </Button>
      )}
    </section>
  )
}

function Body({ settlement }: { settlement: Settlement }): React.ReactNode {
  const text = useText()
  const partyName = usePartyName()
  const language = usePreferences().language === 'en' ? 'en' : 'zh'
  const file = useMutation({ mutationFn: () => readSettlementFile(settlement.settlementId ?? '', language), onSuccess: openFile })
  return (
    <div className={styles['page']}>
      <div className={styles['figure']}>
        <div className={styles['who']} style={{ marginBottom: 0 }}>
          <div className={styles['name']}>
            <Typography.Title level={1} className={styles['title'] ?? ''}>
              {text('settlement.title', { name: partyName(settlement), month: monthOf(settlement) })}
            </Typography.Title>
            <SettlementStateTag state={settlement.state} />
            <Typography.Text type="secondary">{word(text, 'settlementParty', settlement.party)}</Typography.Text>
          </div>
          <Button icon={<FileExcelOutlined />} loading={file.isPending} onClick={() => file.mutate()}>
            {text('settlement.file')}
          </Button>
        </div>
        {file.isError && <ProblemNotice error={file.error} />}
      </div>
      <div className={styles['figures']}>
        <Figure label={text('settlements.column.amount')} value={formatFen(settlement.amountFen ?? '0')} />
        <Figure label={text('settlements.column.lines')} value={settlement.lineCount ?? '0'} />
      </div>
      <Suspense>
        <SettlementDecision settlement={settlement} />
      </Suspense>
      <Lines settlement={settlement} />
    </div>
  )
}

export function SettlementPage(): React.ReactNode {
  const text = useText()
  const { settlementId = '' } = useParams()
  const settlement = useSettlement(settlementId)
  return (
    <>
      <Link to="/settlements" className={styles['back']}>
        <ArrowLeftOutlined /> {text('settlement.back')}
      </Link>
      {settlement.isError && <ProblemNotice error={settlement.error} onRetry={() => void settlement.refetch()} />}
      {settlement.isPending && <Skeleton active paragraph={{ rows: 12 }} />}
      {settlement.data !== undefined && !settlement.isError && <Body key={settlementId} settlement={settlement.data} />}
    </>
  )
}
