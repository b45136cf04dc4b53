import { Navigate } from 'react-router'
import { placesOf } from '@/app/menu'
import { NotFoundPage } from '@/app/not-found-page'
import { useSession } from '@/lib/session'

/** Where a person begins: the first place of the menu. */
export function FirstPlace(): React.ReactNode {
  const { session } = useSession()
  const [first] = session === null ? [] : placesOf(session)
  return first === undefined ? <NotFoundPage /> : <Navigate to={first.path} replace />
}
