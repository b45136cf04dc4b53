import { useEffect, useRef } from 'react'
import { useChanges } from '@/lib/live'

// An import makes hundreds of changes a second; the screen follows every other second.
const QUIET_MS = 2_000

/** Call `refresh` after something about `leadId`, or about any lead without one, has changed; bursts count once. */
export function useLeadChanges(refresh: () => Promise<void>, leadId?: string): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(refresh)
  useEffect(() => {
    latest.current = refresh
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  useChanges(({ type, body }) => {
    const about = body['leadId'] ?? body['lead_id']
    const concerns = leadId === undefined ? type.includes('lead') : about === leadId
    if (!concerns) return
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined
        void latest.current()
      },
      leadId === undefined ? QUIET_MS : 0,
    )
  })
}
