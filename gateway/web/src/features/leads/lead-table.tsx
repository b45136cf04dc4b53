import { Skeleton, Table, Typography, type TableColumnsType } from 'antd'
import { Link } from 'react-router'
import { GradeMark, NextContact, StageTag, childLine } from '@/features/leads/lead-facts-line'
import type { Lead } from '@/features/leads/lead-queries'
import { word } from '@/features/leads/lead-words'
import { ROW_LINK } from '@/features/leads/use-list-keys'
import { formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'
import styles from '@/features/leads/lead-table.module.css'

interface Properties {
  leads: readonly Lead[]
  loading: boolean
}

const SKELETON_ROWS = 12

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
          <Link to={`/leads/${lead.leadId}`} className={styles['name']} {...{ [ROW_LINK]: '' }}>
            {lead.childName || text('leads.unnamed')}
          </Link>
          <Typography.Text type="secondary" className={styles['second'] ?? ''}>
            {childLine(lead)}
          </Typography.Text>
        </>
      ),
    },
    {
      title: text('leads.column.guardian'),
      width: 150,
      render: (_, lead) => (
        <>
          <span className="mono">{lead.guardianPhone}</span>
          <Typography.Text type="secondary" className={styles['second'] ?? ''}>
            {[lead.guardianName, word(text, 'relation', lead.guardianRelation)].filter(Boolean).join(' · ')}
          </Typography.Text>
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
  const columns = useColumns()
  const drawn: TableColumnsType<Lead> = loading
    ? columns.map((column) => ({ ...column, render: () => <Skeleton.Input active size="small" className={styles['bone'] ?? ''} /> }))
    : columns
  const rows = loading ? Array.from({ length: SKELETON_ROWS }, (_, index): Lead => ({ leadId: String(index) })) : leads
  return (
    <Table<Lead>
      className={styles['table'] ?? ''}
      rowKey={(lead) => lead.leadId ?? ''}
      columns={drawn}
      dataSource={rows}
      pagination={false}
      size="small"
    />
  )
}
