import { Button, Card, Skeleton, Typography } from 'antd'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import { useCompleteTask, useTasks } from '@/features/leads/lead-queries'
import { formatInstant } from '@/lib/dates'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

/** What has to be done about the lead next. */
export function LeadTasks({ leadId, timeZone }: { leadId: string; timeZone: string }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const tasks = useTasks(leadId, can(session, 'task.read'))
  const complete = useCompleteTask(leadId)
  const now = new Date().toISOString()
  if (!can(session, 'task.read')) return null
  const failure = tasks.error ?? complete.error
  return (
    <Card size="small" title={text('task.title')}>
      {failure !== null && <ProblemNotice error={failure} onRetry={() => void tasks.refetch()} />}
      {tasks.isPending && <Skeleton active title={false} paragraph={{ rows: 1 }} />}
      {tasks.data?.length === 0 && <Typography.Text type="secondary">{text('task.none')}</Typography.Text>}
      {tasks.data?.map((task) => (
        <div key={task.taskId} style={{ display: 'flex', alignItems: 'baseline', gap: 8, padding: '4px 0' }}>
          <div style={{ flex: 1, minWidth: 0, overflowWrap: 'anywhere' }}>
            <Typography.Text>{word(text, 'task.kind', task.kind)}</Typography.Text>{' '}
            <Typography.Text className="mono" type={(task.dueTime ?? '') < now ? 'danger' : 'secondary'}>
              {text('task.due', { time: formatInstant(task.dueTime, timeZone) })}
            </Typography.Text>
            {task.note && <div>{task.note}</div>}
          </div>
          {can(session, 'task.complete') && (
            <Button
              size="small"
              loading={complete.isPending && complete.variables === task.taskId}
              onClick={() => complete.mutate(task.taskId ?? '', { onSuccess: () => void notices.success(text('task.done')) })}
            >
              {text('task.complete')}
            </Button>
          )}
        </div>
      ))}
    </Card>
  )
}
