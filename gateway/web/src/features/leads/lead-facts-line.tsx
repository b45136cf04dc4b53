import { Tag, Typography } from 'antd'
import type { Lead } from '@/features/leads/lead-queries'
import { STAGE_COLOURS } from '@/features/leads/lead-words'
import { formatInstant } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

export function StageTag({ stage }: { stage: string | undefined }): React.ReactNode {
  const text = useText()
  const label = word(text, 'stage', stage)
  return label === '' ? null : (
    <Tag variant="filled" color={STAGE_COLOURS[stage ?? ''] ?? 'default'}>
      {label}
    </Tag>
  )
}

/** The letter alone; what it promises is told by the tooltip. */
export function GradeMark({ grade }: { grade: string | undefined }): React.ReactNode {
  const text = useText()
  const label = word(text, 'grade', grade)
  return label === '' ? null : (
    <Typography.Text strong={grade === 'LEAD_GRADE_A'} type={grade === 'LEAD_GRADE_C' ? 'secondary' : undefined} title={label}>
      {grade?.replace('LEAD_GRADE_', '')}
    </Typography.Text>
  )
}

const CLOSED = new Set(['LEAD_STATE_ENROLLED', 'LEAD_STATE_LOST', 'LEAD_STATE_MERGED'])

/** When the family was promised to hear from us; a promise that was missed stands out. */
export function NextContact({ lead }: { lead: Lead }): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const time = lead.nextContactTime
  if (!time) return null
  const missed = !CLOSED.has(lead.state ?? '') && Date.parse(time) < new Date().getTime()
  return (
    <Typography.Text className="mono" type={missed ? 'danger' : undefined}>
      {formatInstant(time, campuses.timeZone(lead.campusId))}
      {missed && ` ${text('leads.overdue')}`}
    </Typography.Text>
  )
}

/** "2018 · 三年级 · 实验小学" */
export function childLine(lead: Lead): string {
  const year = lead.birthDate?.year ? String(lead.birthDate.year) : ''
  return [year, lead.schoolGrade, lead.school].filter(Boolean).join(' · ')
}
