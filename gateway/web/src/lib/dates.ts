// Instants arrive as RFC 3339 in UTC and are shown in the time zone of the campus, wherever the reader sits.
// Local dates arrive as google.type.Date and never pass through a time zone.

export const DEFAULT_TIME_ZONE = 'Asia/Shanghai'

export interface LocalDate {
  year?: number
  month?: number
  day?: number
}

function parts(instant: string, timeZone: string): Record<string, string> {
  const format = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  })
  return Object.fromEntries(format.formatToParts(new Date(instant)).map((part) => [part.type, part.value]))
}

function known(instant: string | undefined): instant is string {
  return instant !== undefined && instant !== '' && !Number.isNaN(Date.parse(instant))
}

/** "2026-11-22 09:30" on the wall clock of `timeZone`; empty when there is no instant. */
export function formatInstant(instant: string | undefined, timeZone: string = DEFAULT_TIME_ZONE): string {
  if (!known(instant)) return ''
  const at = parts(instant, timeZone)
  return `${at['year']}-${at['month']}-${at['day']} ${at['hour']}:${at['minute']}`
}

/** The calendar day of an instant in `timeZone`: "2026-11-22". */
export function formatDay(instant: string | undefined, timeZone: string = DEFAULT_TIME_ZONE): string {
  return formatInstant(instant, timeZone).slice(0, 10)
}

/** "14:30" in `timeZone`. */
export function formatClock(instant: string | undefined, timeZone: string = DEFAULT_TIME_ZONE): string {
  return formatInstant(instant, timeZone).slice(11)
}

/** "2017-09-01"; unknown parts of a partial date are left out ("2017-09", "2017"). */
export function formatLocalDate(date: LocalDate | undefined): string {
  if (!date?.year) return ''
  const two = (part: number): string => String(part).padStart(2, '0')
  if (!date.month) return String(date.year)
  return date.day ? `${date.year}-${two(date.month)}-${two(date.day)}` : `${date.year}-${two(date.month)}`
}

/** Minutes by which the wall clock of `timeZone` is ahead of UTC at an instant. */
function offsetMinutes(epoch: number, timeZone: string): number {
  const at = parts(new Date(epoch).toISOString(), timeZone)
  const wall = Date.UTC(Number(at['year']), Number(at['month']) - 1, Number(at['day']), Number(at['hour']), Number(at['minute']))
  return Math.round((wall - Math.floor(epoch / 60_000) * 60_000) / 60_000)
}

/** The instant at which the wall clock of `timeZone` shows "2026-11-22T09:30"; RFC 3339 in UTC. */
export function instantOf(wallClock: string, timeZone: string = DEFAULT_TIME_ZONE): string {
  const asUtc = Date.parse(`${wallClock}Z`)
  // The offset is looked up twice because the first guess may fall on the other side of a clock change.
  const guess = asUtc - offsetMinutes(asUtc, timeZone) * 60_000
  return new Date(asUtc - offsetMinutes(guess, timeZone) * 60_000).toISOString()
}
