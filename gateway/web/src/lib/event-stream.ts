/** One event of a text/event-stream. */
export interface ServerEvent {
  type: string
  data: string
  id: string
}

/** Cuts a text/event-stream into events, however the bytes were cut on the way. */
export class EventStreamParser {
  #rest = ''
  #fresh: ServerEvent = { type: 'message', data: '', id: '' }

  push(chunk: string): ServerEvent[] {
    const lines = (this.#rest + chunk).split(/\r\n|\n|\r(?!$)/)
    this.#rest = lines.pop() ?? ''
    const events: ServerEvent[] = []
    for (const line of lines) {
      if (line === '') this.#finish(events)
      else this.#take(line)
    }
    return events
  }

  #finish(events: ServerEvent[]): void {
    const { data, id } = this.#fresh
    if (data !== '') events.push({ ...this.#fresh, data: data.slice(0, -1) })
    this.#fresh = { type: 'message', data: '', id }
  }

  #take(line: string): void {
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'event') this.#fresh.type = value
    else if (name === 'data') this.#fresh.data += `${value}\n`
    else if (name === 'id') this.#fresh.id = value
  }
}
