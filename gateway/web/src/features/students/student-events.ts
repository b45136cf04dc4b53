import type { TimelineEntry } from '@/features/students/student-queries'
import { formatBasisPoints, formatFen, formatHundredths } from '@/lib/money'
import type { Text } from '@/lib/text'
import { word } from '@/lib/words'

export interface Speech {
  text: Text
  courseName: (id: string) => string
  staffName: (id: string | undefined) => string
  at: (time: string | undefined) => string
}

type Teller = (value: string, speech: Speech) => string

/** How a fact is told; ids and what only machines need are left out. */
const TELLERS: Readonly<Record<string, Teller>> = {
  course_id: (value, { courseName }) => courseName(value),
  source_course_id: (value, { courseName }) => courseName(value),
  target_course_id: (value, { courseName }) => courseName(value) && `→ ${courseName(value)}`,
  amount_fen: (value) => formatFen(value),
  total_fen: (value) => formatFen(value),
  consumed_hundredths: (value, { text }) => text('student.fact.consumed', { hours: formatHundredths(value) }),
  restored_hundredths: (value, { text }) => text('student.fact.restored', { hours: formatHundredths(value) }),
  uncovered_hundredths: (value, { text }) => text('student.fact.uncovered', { hours: formatHundredths(value) }),
  transferred_hundredths: (value, { text }) => text('student.fact.transferred', { hours: formatHundredths(value) }),
  forfeited_hundredths: (value, { text }) => text('student.fact.forfeited', { hours: formatHundredths(value) }),
  expired_hundredths: (value, { text }) => text('student.fact.forfeited', { hours: formatHundredths(value) }),
  gift_hundredths: (value, { text }) => text('student.fact.gift', { hours: formatHundredths(value) }),
  remaining_hundredths: (value, { text }) => text('student.fact.remaining', { hours: formatHundredths(value) }),
  share_basis_points: (value) => formatBasisPoints(Number(value)),
  method: (value, { text }) => word(text, 'payment', value),
  source: (value, { text }) => word(text, 'source', value),
  channel: (value, { text }) => word(text, 'contact', value),
  code: (value, { text }) => word(text, 'attendance', value),
  reason: (value, { text }) => word(text, 'reason', value),
  result: (value, { text }) => word(text, 'trialResult', value),
  state: (value, { text }) => word(text, 'eventState', value),
  from_state: (value, { text }) => word(text, 'studentState', `STUDENT_STATE_${value.toUpperCase()}`),
  to_state: (value, { text }) => `→ ${word(text, 'studentState', `STUDENT_STATE_${value.toUpperCase()}`)}`,
  relation: (value, { text }) => word(text, 'relation', value),
  subject: (value, { text }) => word(text, 'subject', value),
  level: (value) => value,
  satisfaction: (value) => '★'.repeat(Number(value)),
  expire_date: (value, { text }) => text('student.expire', { date: value }),
  start_time: (value, { at }) => at(value),
  lesson_start_time: (value, { at }) => at(value),
  return_time: (value, { at }) => `→ ${at(value)}`,
  owner_id: (value, { staffName }) => staffName(value),
  staff_id: (value, { staffName }) => staffName(value),
  teacher_id: (value, { staffName }) => staffName(value),
  template: (value, { text }) => word(text, 'template', value),
}

/** What an entry says beside its name, for people. */
export function tellEvent(entry: TimelineEntry, speech: Speech): string {
  const facts = entry.facts ?? {}
  const told = Object.entries(TELLERS).map(([name, tell]) => (facts[name] ? tell(facts[name], speech) : ''))
  return told.filter(Boolean).join(' · ')
}
