import { useEffect, useState } from 'react'
import { Navigate, useLocation } from 'react-router'
import { Shell } from '@/app/shell'
import { ProblemNotice } from '@/components/problem-notice'
import { Splash } from '@/components/splash'
import { renew, useSession } from '@/lib/session'

/** The frame for signed-in people; everybody else goes to the sign-in page and comes back afterwards. */
export function RequireSession(): React.ReactNode {
  const { status, session } = useSession()
  const location = useLocation()
  const [failure, setFailure] = useState<unknown>(null)
  const [attempt, setAttempt] = useState(0)

  useEffect(() => {
    if (status === 'unknown') renew().catch(setFailure)
  }, [status, attempt])

  if (status === 'signed-in' && session !== null) return <Shell session={session} />
  if (status === 'signed-out') {
    const from = `${location.pathname}${location.search}`
    return <Navigate to="/sign-in" state={{ from }} replace />
  }
  if (failure === null) return <Splash />
  const again = (): void => {
    setFailure(null)
    setAttempt(attempt + 1)
  }
  return (
    <div style={{ maxWidth: 560, margin: '15vh auto', padding: 16 }}>
      <ProblemNotice error={failure} onRetry={again} />
    </div>
  )
}
