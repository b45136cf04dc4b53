import { CalculatorOutlined } from '@ant-design/icons'
import { Button, Typography } from 'antd'
import { useEffect } from 'react'
import { ProblemNotice } from '@/components/problem-notice'
import { useLatestRun, useRefreshLists, useStartRun } from '@/features/settlements/settlement-queries'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

/** Makes the statements of a month and says how far it is, also to who comes back to the page. */
export function RunMonth({ month }: { month: string }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const run = useLatestRun(can(session, 'settlement_run.read'))
  const start = useStartRun()
  const refresh = useRefreshLists()
  const running = run.data?.state === 'SETTLEMENT_RUN_STATE_RUNNING'
  const done = run.data?.state === 'SETTLEMENT_RUN_STATE_DONE' ? run.data.settlementRunId : undefined
  useEffect(() => {
    if (done !== undefined) void refresh()
    // Only the end of a run makes new statements.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [done])
  return (
    <div role="status">
      {running && (
        <Typography.Text type="secondary" className="mono">
          {text('settlements.running', { done: run.data?.rowCount ?? 0, total: run.data?.totalCount ?? 0 })}{' '}
        </Typography.Text>
      )}
      {can(session, 'settlement_run.create') && (
        <Button icon={<CalculatorOutlined />} loading={start.isPending || running} onClick={() => start.mutate(month)}>
          {text('settlements.run', { month })}
        </Button>
      )}
      {start.isError && <ProblemNotice error={start.error} />}
    </div>
  )
}
