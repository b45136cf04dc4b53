import { Typography } from 'antd'
import { CardLine, CardLink, RecordCards } from '@/components/record-cards'
import { GradeMark, NextContact, StageTag, childLine } from '@/features/leads/lead-facts-line'
import type { Lead } from '@/features/leads/lead-queries'
import { formatDay } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'

interface Properties {
  leads: readonly Lead[]
  loading: boolean
}

/** The lead list on narrow screens. */
export function LeadCards({ leads, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const draw = (lead: Lead): React.ReactNode => (
    <>
      <CardLine>
        <CardLink to={`/leads/${lead.leadId}`}>{lead.childName || text('leads.unnamed')}</CardLink>
        <GradeMark grade={lead.grade} />
        <StageTag stage={lead.stage} />
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">{childLine(lead)}</Typography.Text>
        <span className="mono">{lead.guardianPhone}</span>
      </CardLine>
      <CardLine>
        <Typography.Text type="secondary">
          {[staffName(lead.ownerId), campuses.name(lead.campusId)].filter(Boolean).join(' · ')}
        </Typography.Text>
        {lead.nextContactTime ? (
          <NextContact lead={lead} />
        ) : (
          <Typography.Text type="secondary" className="mono">
            {formatDay(lead.createTime, campuses.timeZone(lead.campusId))}
          </Typography.Text>
        )}
      </CardLine>
    </>
  )
  return <RecordCards rows={leads} loading={loading} rowKey={(lead) => lead.leadId ?? ''} draw={draw} />
}
