import { Skeleton, Typography } from 'antd'
import { Link } from 'react-router'
import { GradeMark, NextContact, StageTag, childLine } from '@/features/leads/lead-facts-line'
import type { Lead } from '@/features/leads/lead-queries'
import { ROW_LINK } from '@/features/leads/use-list-keys'
import { formatDay } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'
import styles from '@/features/leads/lead-cards.module.css'

interface Properties {
  leads: readonly Lead[]
  loading: boolean
}

const SKELETON_CARDS = 6

/** The lead list on narrow screens: one card a lead, the whole card opens it. */
export function LeadCards({ leads, loading }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  if (loading) {
    return Array.from({ length: SKELETON_CARDS }, (_, index) => (
      <div key={index} className={styles['card']}>
        <Skeleton active title={false} paragraph={{ rows: 2 }} />
      </div>
    ))
  }
  return (
    <ul className={styles['list']}>
      {leads.map((lead) => (
        <li key={lead.leadId} className={styles['card']}>
          <div className={styles['line']}>
            <Link to={`/leads/${lead.leadId}`} className={styles['name']} {...{ [ROW_LINK]: '' }}>
              {lead.childName || text('leads.unnamed')}
            </Link>
            <GradeMark grade={lead.grade} />
            <StageTag stage={lead.stage} />
          </div>
          <div className={styles['line']}>
            <Typography.Text type="secondary">{childLine(lead)}</Typography.Text>
            <span className="mono">{lead.guardianPhone}</span>
          </div>
          <div className={styles['line']}>
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
          </div>
        </li>
      ))}
    </ul>
  )
}
