import { useMutation } from '@tanstack/react-query'
import { Button, Typography } from 'antd'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { api, unwrap, type Schemas } from '@/lib/api'
import { formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { uuid } from '@/lib/uuid'
import { word } from '@/lib/words'

type Task = Schemas['Task']

interface Properties {
  tasks: readonly Task[]
  /** What a task is about, where the page does not say it; a link as a rule. */
  about?: (task: Task) => React.ReactNode
  onDone: () => Promise<unknown>
}

function complete(taskId: string): Promise<unknown> {
  const body = { requestId: uuid() }
  return unwrap(api.POST('/v1/tasks/{taskId}:complete', { params: { path: { taskId } }, body }))
}

/** What has to be done, the earliest first; one press and it is done. */
export function TaskList({ tasks, about, onDone }: Properties): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const campuses = useCampuses()
  const done = useMutation({ mutationFn: complete, onSuccess: onDone })
  const now = new Date().toISOString()
  return (
    <>
      {done.isError && <ProblemNotice error={done.error} />}
      <ul className={styles['rows']} aria-label={text('task.title')}>
        {tasks.map((task) => (
          <li key={task.taskId} style={{ flexWrap: 'nowrap' }}>
            <span style={{ minWidth: 0, overflowWrap: 'anywhere' }}>
              {about?.(task)} {word(text, 'task.kind', task.kind)}{' '}
              <Typography.Text className="mono" type={(task.dueTime ?? '') < now ? 'danger' : 'secondary'}>
                {text('task.due', { time: formatInstant(task.dueTime, campuses.timeZone(task.campusId)) })}
              </Typography.Text>
              {task.note && <div>{task.note}</div>}
            </span>
            {can(session, 'task.complete') && (
              <Button
                size="small"
                loading={done.isPending && done.variables === task.taskId}
                onClick={() => done.mutate(task.taskId ?? '', { onSuccess: () => void notices.success(text('task.done')) })}
              >
                {text('task.complete')}
              </Button>
            )}
          </li>
        ))}
      </ul>
    </>
  )
}
