import { Typography } from 'antd'
import { useSearchParams } from 'react-router'
import { ChoiceFilter } from '@/components/choice-filter'
import toolbar from '@/components/toolbar.module.css'
import { AdvisorCards } from '@/features/home/advisor-cards'
import { ApprovalsCard } from '@/features/home/approvals-card'
import { CampusCards } from '@/features/home/campus-cards'
import { FunnelCard, ReceivablesCard } from '@/features/home/figure-cards'
import { useRefreshHome } from '@/features/home/home-queries'
import styles from '@/features/home/home.module.css'
import { TeacherCards } from '@/features/home/teacher-cards'
import { useCampuses } from '@/lib/directory'
import { useLiveRefresh } from '@/lib/live-refresh'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

/** The day of whoever looks at it: each permission brings its cards. */
export function HomePage(): React.ReactNode {
  const text = useText()
  const { session } = useSession()
  const campuses = useCampuses()
  const [address, setAddress] = useSearchParams()
  const campus = address.get('campus') ?? ''
  const refresh = useRefreshHome()
  useLiveRefresh(() => 'soon', refresh)
  const sees = (permission: string): boolean => can(session, permission)
  const choosing = campuses.list.length > 1 && (sees('campus_home.read') || sees('report.read'))
  return (
    <>
      <Typography.Title level={1} style={{ fontSize: 20, margin: '0 0 14px' }}>
        {text('home.greeting', { name: session?.displayName ?? '' })}
      </Typography.Title>
      {choosing && (
        <div className={toolbar['toolbar']}>
          <ChoiceFilter
            label={text('home.allCampuses')}
            value={campus}
            choices={campuses.list.map((each) => ({ value: each.campusId ?? '', label: each.name ?? '' }))}
            onChange={(next) => setAddress(next === '' ? {} : { campus: next })}
          />
        </div>
      )}
      <div className={styles['grid']}>
        {sees('approval.read') && <ApprovalsCard />}
        {sees('workbench.read') && session?.roles?.includes('course_advisor') && <AdvisorCards />}
        {sees('teacher_home.read') && session?.roles?.includes('teacher') && <TeacherCards />}
        {sees('report.read') && <FunnelCard campusId={campus} />}
        {sees('receivable.read') && <ReceivablesCard />}
        {sees('campus_home.read') && <CampusCards campusId={campus || (campuses.list[0]?.campusId ?? '')} />}
      </div>
    </>
  )
}
