import { useLiveRefresh } from '@/lib/live-refresh'
import type { Change } from '@/lib/live'

/** Changes that may concern any lead: tasks and trials carry ids of their own. */
function isAround({ kind }: Change): boolean {
  return kind.startsWith('lead.task') || kind.startsWith('scheduling.trial')
}

/** Call `refresh` after `leadId`, or any lead without one, has changed. */
export function useLeadChanges(refresh: () => Promise<void>, leadId?: string): void {
  useLiveRefresh((change) => {
    if (leadId !== undefined && change.aggregateId === leadId) return 'now'
    return isAround(change) || (leadId === undefined && change.kind.startsWith('lead.')) ? 'soon' : 'no'
  }, refresh)
}
