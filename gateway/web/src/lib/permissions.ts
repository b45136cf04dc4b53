import type { Session } from '@/lib/session'

function matches(pattern: string, permission: string): boolean {
  const source = pattern.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${source.join('.*')}$`).test(permission)
}

/** Whether the person holds a permission anywhere: for showing and hiding only, the services decide. */
export function can(session: Session | null, permission: string): boolean {
  return (session?.permissions ?? []).some((pattern) => matches(pattern, permission))
}

/** Whether a permission holds in the whole chain: such a person need not say which campus is meant. */
export function canInChain(session: Session | null, permission: string): boolean {
  return (session?.grants ?? []).some(
    ({ permissions = [], campusIds = [] }) =>
      campusIds.length === 0 && permissions.some((pattern) => matches(pattern, permission)),
  )
}
