import { useEffect, useRef } from 'react'
import { useChanges, type Change } from '@/lib/live'

// An import makes hundreds of changes a second; the screen follows every other second.
const QUIET_MS = 2_000

export type Urgency = 'now' | 'soon' | 'no'

/** Call `refresh` after changes that concern the page; bursts count once. */
export function useLiveRefresh(urgencyOf: (change: Change) => Urgency, refresh: () => Promise<unknown>): void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const latest = useRef(refresh)
  useEffect(() => {
    latest.current = refresh
  })
  useEffect(() => () => clearTimeout(timer.current), [])
  useChanges((change) => {
    const urgency = urgencyOf(change)
    if (urgency === 'no') return
    timer.current ??= setTimeout(
      () => {
        timer.current = undefined
        void latest.current()
      },
      urgency === 'now' ? 0 : QUIET_MS,
    )
  })
}
