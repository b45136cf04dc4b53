import type { TableColumnsType } from 'antd'
import { RecordTable, RowLink, SecondLine } from '@/components/record-table'
import { GradeMark, NextContact, StageTag, childLine } from '@/features/leads/lead-facts-line'
import type { Lead } from '@/features/leads/lead-queries'
import { formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  leads: readonly Lead[]
  loading: boolean
}

function useColumns(): TableColumnsType<Lead> {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const instant = (lead: Lead, time: string | undefined): React.ReactNode => (
    <span className="mono">{formatInstant(time, campuses.timeZone(lead.campusId))}</span>
  )
  return [
    {
      title: text('leads.column.child'),
      width: 230,
      render: (_, lead) => (
        <>
          <RowLink to={`/leads/${lead.leadId}`}>{lead.childName || text('leads.unnamed')}</RowLink>
          <SecondLine>{childLine(lead)}</SecondLine>
        </>
      ),
    },
    {
      title: text('leads.column.guardian'),
      width: 150,
      render: (_, lead) => (
        <>
          <span className="mono">{lead.guardianPhone}</span>
          <SecondLine>{[lead.guardianName, word(text, 'relation', lead.guardianRelation)].filter(Boolean).join(' · ')}</SecondLine>
        </>
      ),
    },
    { title: text('leads.filter.stage'), width: 110, render: (_, lead) => <StageTag stage={lead.stage} /> },
    { title: text('leads.filter.grade'), width: 64, render: (_, lead) => <GradeMark grade={lead.grade} /> },
    { title: text('leads.filter.owner'), width: 100, render: (_, lead) => staffName(lead.ownerId) },
    { title: text('leads.filter.campus'), width: 120, render: (_, lead) => campuses.name(lead.campusId) },
    {
      title: text('leads.column.source'),
      width: 96,
      responsive: ['xl'],
      render: (_, lead) => word(text, 'source', lead.source),
    },
    { title: text('leads.column.nextContact'), width: 150, render: (_, lead) => <NextContact lead={lead} /> },
    {
      title: text('leads.column.lastContact'),
      width: 145,
      responsive: ['xxl'],
      render: (_, lead) => instant(lead, lead.lastContactTime),
    },
    { title: text('leads.column.createTime'), width: 145, render: (_, lead) => instant(lead, lead.createTime) },
  ]
}

/** The lead list on wide screens. */
export function LeadTable({ leads, loading }: Properties): React.ReactNode {
  return <RecordTable rows={leads} loading={loading} columns={useColumns()} rowKey={(lead) => lead.leadId ?? ''} />
}
