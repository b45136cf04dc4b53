import { Alert, Button, Flex, Progress, Skeleton, Typography } from 'antd'
import { useEffect, useEffectEvent } from 'react'
import { ProblemNotice } from '@/components/problem-notice'
import { isUnfinished, useImport, type LeadImport } from '@/features/leads/import-queries'
import { RejectedRows } from '@/features/leads/rejected-rows'
import { useText, type Text } from '@/lib/text'
import { word } from '@/lib/words'
import styles from '@/features/leads/import-progress.module.css'

interface Properties {
  importId: string
  /** Called once when the import is seen finished. */
  onFinished: () => Promise<void>
  onAnother: () => void
}

function done(leadImport: LeadImport): number {
  const { created = 0, merged = 0, inReview = 0, rejected = 0 } = leadImport
  return created + merged + inReview + rejected
}

function headline(text: Text, leadImport: LeadImport): { type: 'success' | 'warning' | 'error'; title: string } {
  const total = leadImport.total ?? 0
  if (leadImport.state === 'IMPORT_STATE_FAILED') return { type: 'error', title: text('import.failed') }
  if (leadImport.state === 'IMPORT_STATE_CANCELLED') return { type: 'warning', title: text('import.cancelled') }
  return { type: 'success', title: text(leadImport.dryRun ? 'import.doneDryRun' : 'import.done', { total }) }
}

function Running({ leadImport }: { leadImport: LeadImport }): React.ReactNode {
  const text = useText()
  const total = leadImport.total ?? 0
  const words = total > 0 ? text('import.running', { done: done(leadImport), total }) : text('import.waiting')
  return (
    <div aria-live="polite">
      <Progress percent={total > 0 ? Math.floor((done(leadImport) / total) * 100) : 0} status="active" />
      <Typography.Text>{words}</Typography.Text>
      <br />
      <Typography.Text type="secondary">{text('import.safeToLeave')}</Typography.Text>
    </div>
  )
}

function Counts({ leadImport }: { leadImport: LeadImport }): React.ReactNode {
  const text = useText()
  const counts = [
    [text('import.created'), leadImport.created],
    [text('import.merged'), leadImport.merged],
    [text('import.inReview'), leadImport.inReview],
    [text('import.rejected'), leadImport.rejected],
  ] as const
  return (
    <dl className={styles['counts']}>
      {counts.map(([label, count]) => (
        <div key={label} className={styles['count']}>
          <dt>{label}</dt>
          <dd className="mono">{count ?? 0}</dd>
        </div>
      ))}
    </dl>
  )
}

export function ImportProgress({ importId, onFinished, onAnother }: Properties): React.ReactNode {
  const text = useText()
  const query = useImport(importId)
  const finished = query.data !== undefined && !isUnfinished(query.data)
  const tell = useEffectEvent(onFinished)
  useEffect(() => {
    if (finished) void tell()
  }, [finished])

  if (query.isError) return <ProblemNotice error={query.error} onRetry={() => void query.refetch()} />
  if (query.data === undefined) return <Skeleton active />
  const leadImport = query.data
  const rejected = leadImport.rejected ?? 0
  return (
    <Flex vertical gap={16}>
      <Typography.Text type="secondary" style={{ overflowWrap: 'anywhere' }}>
        {leadImport.fileName}
      </Typography.Text>
      {finished ? (
        <Alert showIcon {...headline(text, leadImport)} description={word(text, 'reason', leadImport.errorReason)} />
      ) : (
        <Running leadImport={leadImport} />
      )}
      <Counts leadImport={leadImport} />
      {finished && rejected > 0 && <RejectedRows importId={importId} />}
      {finished && rejected === 0 && leadImport.state === 'IMPORT_STATE_DONE' && (
        <Typography.Text type="secondary">{text('import.noneRejected')}</Typography.Text>
      )}
      {finished && (
        <Button type={leadImport.dryRun ? 'primary' : 'default'} onClick={onAnother}>
          {text('import.another')}
        </Button>
      )}
    </Flex>
  )
}
