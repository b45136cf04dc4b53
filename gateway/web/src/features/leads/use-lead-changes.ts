import { useEffect, useRef } from 'react'
import { useChanges, type Change } from '@/lib/live'

// An import makes hundreds of changes a second; the screen follows every other second.
const QUIET_MS = 2_000

/** Changes that may concern any lead: tasks and trials carry ids of their own. */
function isAround({ kind }: Change): boolean {
  return kind.startsWith('lead.task') || kind.startsWith('scheduling.trial')
}

/** Call `refresh` after `leadId`, or any lead without one, has changed; bursts count once. */
export function useLeadChanges(refresh: () => Promise<void>, leadId?: string): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(refresh)
  useEffect(() => {
    latest.current = refresh
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  useChanges((change) => {
    const isIt = leadId !== undefined && change.aggregateId === leadId
    const concerns = isIt || isAround(change) || (leadId === undefined && change.kind.startsWith('lead.'))
    if (!concerns) return
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined
        void latest.current()
      },
      isIt ? 0 : QUIET_MS,
    )
  })
}
