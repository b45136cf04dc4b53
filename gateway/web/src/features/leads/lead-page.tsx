import { ArrowLeftOutlined, UserSwitchOutlined } from '@ant-design/icons'
import { Alert, Button, Card, Skeleton, Typography } from 'antd'
import { Suspense, lazy, useState } from 'react'
import { Link, useParams } from 'react-router'
import { ProblemNotice } from '@/components/problem-notice'
import { FollowUpForm } from '@/features/leads/follow-up-form'
import { LeadContact, LeadFacts } from '@/features/leads/lead-details'
import { GradeMark, StageTag, childLine } from '@/features/leads/lead-facts-line'
import { useLead, useRefreshLead, type Lead } from '@/features/leads/lead-queries'
import { LeadTasks } from '@/features/leads/lead-tasks'
import { LeadTimeline } from '@/features/leads/lead-timeline'
import { StageBar } from '@/features/leads/stage-bar'
import { useLeadChanges } from '@/features/leads/use-lead-changes'
import { useCampuses, useStaffName } from '@/lib/directory'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'
import styles from '@/components/record-page.module.css'

const AssignDialog = lazy(async () => ({ default: (await import('@/features/leads/assign-dialog')).AssignDialog }))

function Heading({ lead }: { lead: Lead }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const [assigning, setAssigning] = useState(false)
  const open = lead.state === 'LEAD_STATE_OPEN'
  return (
    <Card size="small" className={styles['heading'] ?? ''}>
      <div className={styles['who']}>
        <div className={styles['name']}>
          <Typography.Title level={1} className={styles['title'] ?? ''}>
            {lead.childName || text('leads.unnamed')}
          </Typography.Title>
          <StageTag stage={lead.state === 'LEAD_STATE_LOST' ? 'LEAD_STAGE_LOST' : lead.stage} />
          <GradeMark grade={lead.grade} />
          <Typography.Text type="secondary">{childLine(lead)}</Typography.Text>
        </div>
        <div className={styles['owner']}>
          <span>
            <Typography.Text type="secondary">{text('leads.filter.owner')} </Typography.Text>
            <Typography.Text strong>{staffName(lead.ownerId)}</Typography.Text>
            <Typography.Text type="secondary"> · {campuses.name(lead.campusId)}</Typography.Text>
          </span>
          {open && can(session, 'lead.assign') && (
            <Button icon={<UserSwitchOutlined />} onClick={() => setAssigning(true)}>
              {text('assign.action')}
            </Button>
          )}
        </div>
      </div>
      <StageBar stage={lead.stage} lost={lead.state === 'LEAD_STATE_LOST'} />
      {lead.lostReason && (
        <Typography.Text type="secondary">
          {text('lead.lostReason')} {word(text, 'reason', lead.lostReason)}
        </Typography.Text>
      )}
      {assigning && (
        <Suspense>
          <AssignDialog lead={lead} onClose={() => setAssigning(false)} />
        </Suspense>
      )}
    </Card>
  )
}

function Merged({ into }: { into: string }): React.ReactNode {
  const text = useText()
  return (
    <Alert
      type="info"
      showIcon
      title={text('lead.merged')}
      action={<Link to={`/leads/${into}`}>{text('lead.openMerged')}</Link>}
    />
  )
}

function LeadBody({ lead, leadId }: { lead: Lead; leadId: string }): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const zone = useCampuses().timeZone(lead.campusId)
  const mayFollowUp = lead.state !== 'LEAD_STATE_MERGED' && can(session, 'lead.follow_up')
  return (
    <div className={styles['page']}>
      {lead.mergedIntoLeadId && <Merged into={lead.mergedIntoLeadId} />}
      <Heading lead={lead} />
      <div className={styles['columns']}>
        <div className={styles['side']}>
          <LeadTasks leadId={leadId} />
          <LeadContact lead={lead} />
          <div className={styles['facts']}>
            <LeadFacts lead={lead} />
          </div>
        </div>
        <div className={styles['main']}>
          {mayFollowUp && (
            <Card size="small" title={text('followUp.title')}>
              <FollowUpForm leadId={leadId} timeZone={zone} />
            </Card>
          )}
          <Card size="small" title={text('timeline.title')}>
            <LeadTimeline leadId={leadId} timeZone={zone} />
          </Card>
        </div>
      </div>
    </div>
  )
}

export function LeadPage(): React.ReactNode {
  const text = useText()
  const { leadId = '' } = useParams()
  const lead = useLead(leadId)
  useLeadChanges(useRefreshLead(leadId), leadId)
  return (
    <>
      <Link to="/leads" className={styles['back']}>
        <ArrowLeftOutlined /> {text('lead.back')}
      </Link>
      {lead.isError && <ProblemNotice error={lead.error} onRetry={() => void lead.refetch()} />}
      {lead.isPending && <Skeleton active paragraph={{ rows: 10 }} />}
      {lead.data !== undefined && !lead.isError && <LeadBody key={leadId} lead={lead.data} leadId={leadId} />}
    </>
  )
}
