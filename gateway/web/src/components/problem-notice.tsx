import { Alert, Button, Typography } from 'antd'
import { headlineKey, problemOf } from '@/lib/problem'
import { useText } from '@/lib/text'

interface Properties {
  error: unknown
  onRetry?: () => void
}

/** A failed call in words: what happened, which fields, what to do, and the trace id for whoever is asked for help. */
export function ProblemNotice({ error, onRetry }: Properties): React.ReactNode {
  const text = useText()
  const problem = problemOf(error)
  return (
    <Alert
      type={problem.status >= 500 || problem.status === 0 ? 'error' : 'warning'}
      showIcon
      // The gateway's own sentence is more exact than the kind of problem.
      title={problem.detail || text(headlineKey(problem))}
      description={
        <>
          {problem.fields.map(({ field, message }) => (
            <div key={field}>
              {field}: {message}
            </div>
          ))}
          {problem.traceId !== '' && (
            <Typography.Text type="secondary" style={{ fontSize: 12, overflowWrap: 'anywhere' }}>
              {text('problem.trace')} <Typography.Text code copyable>{problem.traceId}</Typography.Text>
            </Typography.Text>
          )}
        </>
      }
      action={
        onRetry !== undefined && problem.retryable ? (
          <Button size="small" onClick={onRetry}>
            {text('action.retry')}
          </Button>
        ) : undefined
      }
    />
  )
}
