import { formatInstant, instantOf } from '@/lib/dates'

// Calendars draw dates of the browser's own time zone. A "wall date" shows there what the clock of the campus shows.

/** The wall date of an instant in `timeZone`. */
export function wallDate(instant: string | undefined, timeZone: string): Date {
  return new Date(formatInstant(instant, timeZone).replace(' ', 'T'))
}

function two(part: number): string {
  return String(part).padStart(2, '0')
}

/** "2026-11-22" of a wall date. */
export function wallDay(date: Date): string {
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}

/** The instant that a wall date stands for in `timeZone`; RFC 3339 in UTC. */
export function instantOfWall(date: Date, timeZone: string): string {
  return instantOf(`${wallDay(date)}T${two(date.getHours())}:${two(date.getMinutes())}`, timeZone)
}
