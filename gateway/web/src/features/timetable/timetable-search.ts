export type View = 'week' | 'day'

/** What the timetable shows; lives in the address. */
export interface TimetableSearch {
  campus: string
  teacher: string
  room: string
  group: string
  /** "2026-11-22"; "" is today. */
  date: string
  view: View
  /** The lesson that is open beside the calendar, or "". */
  lesson: string
}

const TEXTS = ['campus', 'teacher', 'room', 'group', 'date', 'lesson'] as const

export function readSearch(address: URLSearchParams): TimetableSearch {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, address.get(name) ?? '']))
  return { ...(texts as Record<(typeof TEXTS)[number], string>), view: address.get('view') === 'day' ? 'day' : 'week' }
}

export function writeSearch(search: TimetableSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const name of TEXTS) if (search[name] !== '') address.set(name, search[name])
  if (search.view === 'day') address.set('view', 'day')
  return address
}

const DAY_MS = 86_400_000

/** The wall dates between which the calendar stands: a week from Monday, or one day. */
export function rangeOf(date: Date, view: View): { start: Date; end: Date } {
  const start = new Date(date.getFullYear(), date.getMonth(), date.getDate())
  if (view === 'week') start.setDate(start.getDate() - ((start.getDay() + 6) % 7))
  const end = new Date(start)
  end.setDate(end.getDate() + (view === 'week' ? 7 : 1))
  return { start, end }
}

/** The date one page further or back. */
export function stepped(date: Date, view: View, step: number): Date {
  return new Date(date.getTime() + step * (view === 'week' ? 7 : 1) * DAY_MS)
}
