import { Button, Input, Popconfirm, Space, Typography } from 'antd'
import { useState } from 'react'
import { Link } from 'react-router'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { HomeCard } from '@/features/home/home-card'
import { useDecide, useWaitingApprovals, type Approval } from '@/features/home/home-queries'
import { formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { formatBasisPoints, formatFen } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

function Decide({ approval }: { approval: Approval }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const decide = useDecide()
  const [reason, setReason] = useState('')
  const send = (approve: boolean): void =>
    decide.mutate(
      { approvalId: approval.approvalId ?? '', approve, reason },
      { onSuccess: () => void notices.success(text(approve ? 'home.approved' : 'home.rejected')) },
    )
  return (
    <>
      <Space>
        <Button type="primary" size="small" loading={decide.isPending} onClick={() => send(true)}>
          {text('home.approve')}
        </Button>
        <Popconfirm
          title={text('home.rejectReason')}
          description={<Input value={reason} maxLength={200} onChange={(event) => setReason(event.target.value)} />}
          okText={text('home.reject')}
          cancelText={text('action.cancel')}
          okButtonProps={{ disabled: reason.trim() === '', danger: true }}
          onConfirm={() => send(false)}
        >
          <Button danger size="small">
            {text('home.reject')}
          </Button>
        </Popconfirm>
      </Space>
      {decide.isError && <ProblemNotice error={decide.error} />}
    </>
  )
}

/** What waits for a decision of this person. */
export function ApprovalsCard(): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const query = useWaitingApprovals()
  const figures = ({ amountFen = '0', discountBasisPoints = '0' }: Approval): string =>
    [
      amountFen === '0' ? '' : formatFen(amountFen),
      discountBasisPoints === '0' ? '' : text('home.discount', { share: formatBasisPoints(Number(discountBasisPoints)) }),
    ]
      .filter(Boolean)
      .join(' · ')
  return (
    <HomeCard title={text('home.approvals')} query={query} count={(list) => list.length} hidden={(list) => list.length === 0}>
      {(list) => (
        <ul className={styles['rows']}>
          {list.map((approval) => (
            <li key={approval.approvalId}>
              <span>
                {approval.subject === 'order' ? (
                  <Link to={`/orders/${approval.subjectId}`}>{word(text, 'approvalSubject', approval.subject)}</Link>
                ) : (
                  word(text, 'approvalSubject', approval.subject)
                )}{' '}
                <strong>{figures(approval)}</strong>{' '}
                <Typography.Text type="secondary">
                  {[campuses.name(approval.campusId), staffName(approval.requesterId), formatInstant(approval.createTime)].join(' · ')}
                </Typography.Text>
              </span>
              {can(session, 'approval.decide') && <Decide approval={approval} />}
            </li>
          ))}
        </ul>
      )}
    </HomeCard>
  )
}
