import { Card, Skeleton, Typography } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import { TaskList } from '@/components/task-list'
import { useRefreshLead, useTasks } from '@/features/leads/lead-queries'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

/** What has to be done about the lead next. */
export function LeadTasks({ leadId }: { leadId: string }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const tasks = useTasks(leadId, can(session, 'task.read'))
  const refresh = useRefreshLead(leadId)
  if (!can(session, 'task.read')) return null
  return (
    <Card size="small" title={text('task.title')}>
      {tasks.isError && <ProblemNotice error={tasks.error} onRetry={() => void tasks.refetch()} />}
      {tasks.isPending && <Skeleton active title={false} paragraph={{ rows: 1 }} />}
      {tasks.data?.length === 0 && <Typography.Text type="secondary">{text('task.none')}</Typography.Text>}
      {(tasks.data ?? []).length > 0 && <TaskList tasks={tasks.data ?? []} onDone={refresh} />}
    </Card>
  )
}
