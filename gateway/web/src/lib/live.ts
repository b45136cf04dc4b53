import { useEffect, useEffectEvent } from 'react'
import { EventStreamParser, type ServerEvent } from '@/lib/event-stream'
import { authorizedFetch } from '@/lib/session'

/** A change somewhere in the chain that this person may see; what changed is read again from its service. */
export interface Change {
  /** Such as "lead.lead_assigned.v1". */
  kind: string
  /** Id of what the change is about: a lead, a task, a trial. */
  aggregateId: string
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000
const subscribers = new Set<(change: Change) => void>()
let stop: AbortController | null = null

function readChange(event: ServerEvent): Change | null {
  try {
    const change = JSON.parse(event.data) as Partial<Change> | null
    return { kind: change?.kind ?? event.type, aggregateId: change?.aggregateId ?? '' }
  } catch {
    return null
  }
}

/** Read the stream once, to its end; `place.id` follows the last event seen. */
async function read(signal: AbortSignal, place: { id: string }): Promise<void> {
  // fetch, because EventSource cannot send the Authorization header.
  const headers = { accept: 'text/event-stream', ...(place.id === '' ? {} : { 'last-event-id': place.id }) }
  const response = await authorizedFetch(new Request('/v1/events', { headers, signal }))
  if (!response.ok || response.body === null) throw new Error(`the event stream answered ${response.status}`)
  const parser = new EventStreamParser()
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    for (const event of parser.push(value)) {
      place.id = event.id
      const change = readChange(event)
      if (change !== null) subscribers.forEach((subscriber) => subscriber(change))
    }
  }
}

async function follow(signal: AbortSignal): Promise<void> {
  const place = { id: '' }
  for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
    try {
      await read(signal, place)
      pause = FIRST_PAUSE_MS
    } catch {
      // Live changes are a comfort: without them pages still load and poll. Come back later.
    }
    await new Promise((resume) => setTimeout(resume, pause))
  }
}

function open(): void {
  stop = new AbortController()
  void follow(stop.signal)
}

/** Hear of changes while the component is on the screen. All listeners share one stream. */
export function useChanges(listener: (change: Change) => void): void {
  const hear = useEffectEvent(listener)
  useEffect(() => {
    const subscriber = (change: Change): void => hear(change)
    subscribers.add(subscriber)
    if (stop === null) open()
    return () => {
      subscribers.delete(subscriber)
      if (subscribers.size === 0) {
        stop?.abort()
        stop = null
      }
    }
  }, [])
}
