import { Tag } from 'antd'
import type { Student } from '@/features/students/student-queries'
import { formatLocalDate } from '@/lib/dates'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

const COLOURS: Readonly<Partial<Record<string, string>>> = {
  STUDENT_STATE_ENROLLED: 'green',
  STUDENT_STATE_PAUSED: 'gold',
  STUDENT_STATE_FINISHED: 'blue',
  STUDENT_STATE_LAPSED: 'red',
}

export const STATES = [
  'STUDENT_STATE_ENROLLED',
  'STUDENT_STATE_PAUSED',
  'STUDENT_STATE_FINISHED',
  'STUDENT_STATE_LAPSED',
  'STUDENT_STATE_ALUMNUS',
] as const

export function StateTag({ state }: { state: Student['state'] }): React.ReactNode {
  const text = useText()
  return <Tag color={COLOURS[state ?? ''] ?? 'default'}>{word(text, 'studentState', state)}</Tag>
}

/** School, grade and birth in one line, as far as they are known. */
export function useChildLine(): (student: Student) => string {
  const text = useText()
  return ({ school, schoolGrade, gender, birthDate }) =>
    [word(text, 'gender', gender), formatLocalDate(birthDate), school, schoolGrade].filter(Boolean).join(' · ')
}
