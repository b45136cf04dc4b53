import { Card, Descriptions, Typography, type DescriptionsProps } from 'antd'
import { PhoneNumber, type RevealReason } from '@/components/phone-number'
import { revealLead, type Lead } from '@/features/leads/lead-queries'
import type { Schemas } from '@/lib/api'
import { formatInstant, formatLocalDate } from '@/lib/dates'
import { useCampuses } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

type Fact = readonly [label: string, value: React.ReactNode]

/** Facts that are known; an unknown one takes no room. */
function items(facts: readonly Fact[]): DescriptionsProps['items'] {
  return facts.filter(([, value]) => Boolean(value)).map(([label, children]) => ({ key: label, label, children }))
}

const STYLES = { label: { width: 92 }, content: { overflowWrap: 'anywhere' as const, whiteSpace: 'pre-wrap' as const } }

export function LeadContact({ lead }: { lead: Lead }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const mayReveal = can(session, 'lead.reveal')
  const revealOf = (field: Schemas['RevealField']) =>
    mayReveal ? (reason: RevealReason) => revealLead(lead.leadId ?? '', field, reason) : undefined
  const relation = word(text, 'relation', lead.guardianRelation)
  const facts: Fact[] = [
    [text('leads.column.guardian'), [lead.guardianName, relation].filter(Boolean).join(' · ')],
    [text('lead.phone'), lead.guardianPhone && <PhoneNumber number={lead.guardianPhone} onReveal={revealOf('REVEAL_FIELD_PHONE')} />],
    [text('lead.alternatePhone'), lead.alternatePhone && <PhoneNumber number={lead.alternatePhone} onReveal={revealOf('REVEAL_FIELD_ALTERNATE_PHONE')} />],
    [text('lead.wechat'), lead.wechatId],
    [text('lead.email'), lead.guardianEmail],
  ]
  return (
    <Card size="small" title={text('lead.contact')}>
      <Descriptions size="small" column={1} colon={false} styles={STYLES} items={items(facts)} />
      {!can(session, 'pii.read') && (
        <Typography.Text type="secondary" style={{ fontSize: 12 }}>
          {text('lead.masked')}
        </Typography.Text>
      )}
    </Card>
  )
}

export function LeadFacts({ lead }: { lead: Lead }): React.ReactNode {
  const text = useText()
  const zone = useCampuses().timeZone(lead.campusId)
  const courses = (lead.intendedCourses ?? []).map((course) => [course.name, course.level].filter(Boolean).join(' '))
  const facts: Fact[] = [
    [text('lead.gender'), word(text, 'gender', lead.gender)],
    [text('lead.birth'), formatLocalDate(lead.birthDate)],
    [text('lead.school'), lead.school],
    [text('lead.schoolGrade'), lead.schoolGrade],
    [text('lead.courses'), courses.filter(Boolean).join('\n')],
    [text('lead.remark'), lead.remark],
    [text('leads.filter.grade'), word(text, 'grade', lead.grade)],
    [text('leads.column.source'), word(text, 'source', lead.source)],
    [text('lead.touches'), (lead.touchCount ?? 0) > 1 ? String(lead.touchCount) : ''],
    [text('leads.column.createTime'), formatInstant(lead.createTime, zone)],
  ]
  return (
    <Card size="small" title={text('lead.facts')}>
      <Descriptions size="small" column={1} colon={false} styles={STYLES} items={items(facts)} />
    </Card>
  )
}
