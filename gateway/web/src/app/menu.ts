import type { Session } from '@/lib/session'
import { can } from '@/lib/permissions'
import type { TextKey } from '@/locales/zh-CN'

export interface Place {
  path: string
  title: TextKey
  /** Whoever holds it finds the place in the menu. */
  permission: string
}

const PLACES: readonly Place[] = [
  { path: '/leads', title: 'leads.title', permission: 'lead.read' },
  { path: '/students', title: 'students.title', permission: 'student.read' },
]

/** Where a person may go, in the order of the menu. */
export function placesOf(session: Session): readonly Place[] {
  return PLACES.filter(({ permission }) => can(session, permission))
}
