import { Typography } from 'antd'
import { Link } from 'react-router'
import { Figure } from '@/components/figure'
import styles from '@/components/record-page.module.css'
import { HomeCard } from '@/features/home/home-card'
import { useCampusHome } from '@/features/home/home-queries'
import { LessonRows } from '@/features/home/lesson-rows'
import { useCustomerNames } from '@/lib/customers'
import { formatDay, formatInstant } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { formatHundredths } from '@/lib/money'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

/** The day of a campus: lessons, what collides, what runs out, and the hours of the month. */
export function CampusCards({ campusId }: { campusId: string }): React.ReactNode {
  const text = useText()
  const zone = useCampuses().timeZone(campusId)
  const staffName = useStaffName()
  const query = useCampusHome(campusId)
  const { makeupsDue = [], placeOffers = [] } = query.data ?? {}
  const nameOf = useCustomerNames([...makeupsDue, ...placeOffers].map(({ studentId }) => studentId))
  const lessonAddress = (lessonId: string | undefined, time: string | undefined): string =>
    `/timetable?${new URLSearchParams({ campus: campusId, date: formatDay(time, zone), lesson: lessonId ?? '' }).toString()}`
  return (
    <>
      <HomeCard title={text('home.monthHours')} query={query} hidden={({ monthHours }) => monthHours === undefined}>
        {({ monthHours }) => (
          <div className={styles['figures']}>
            <Figure label={text('home.planned')} value={formatHundredths(monthHours?.plannedHundredths ?? '0')} />
            <Figure label={text('home.over')} value={formatHundredths(monthHours?.overHundredths ?? '0')} />
            <Figure label={text('home.taught')} value={formatHundredths(monthHours?.taughtHundredths ?? '0')} />
          </div>
        )}
      </HomeCard>
      <HomeCard title={text('home.lessons')} query={query} count={({ todayLessons = [] }) => todayLessons.length}>
        {({ todayLessons = [] }) => <LessonRows lessons={todayLessons} none={text('home.noLessons')} />}
      </HomeCard>
      <HomeCard
        title={text('home.openRollCalls')}
        query={query}
        count={({ openRollCalls }) => Number(openRollCalls?.count ?? 0)}
        hidden={({ openRollCalls }) => Number(openRollCalls?.count ?? 0) === 0}
      >
        {({ openRollCalls }) => <LessonRows lessons={openRollCalls?.lessons ?? []} none="" dated />}
      </HomeCard>
      <HomeCard
        title={text('home.conflicts')}
        query={query}
        count={({ conflictCount }) => Number(conflictCount ?? 0)}
        hidden={({ conflicts = [] }) => conflicts.length === 0}
      >
        {({ conflicts = [] }) => (
          <ul className={styles['rows']}>
            {conflicts.map((conflict) => (
              <li key={`${conflict.kind}${conflict.lessonId}`}>
                <Link className="mono" to={lessonAddress(conflict.lessonId, conflict.lessonStartTime)}>
                  {formatInstant(conflict.lessonStartTime, zone)}
                </Link>
                <Typography.Text type="secondary">
                  {word(text, 'homeConflict', conflict.kind)} {conflict.teacherId && staffName(conflict.teacherId)}
                </Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
      <HomeCard
        title={text('home.makeups')}
        query={query}
        count={({ makeupDueCount }) => Number(makeupDueCount ?? 0)}
        hidden={({ makeupsDue: due = [] }) => due.length === 0}
      >
        {({ makeupsDue: due = [] }) => (
          <ul className={styles['rows']}>
            {due.map((makeup) => (
              <li key={makeup.makeupEntitlementId}>
                <Link to={`/students/${makeup.studentId}`}>{nameOf(makeup.studentId) || text('leads.unnamed')}</Link>
                <Typography.Text type="secondary">{text('home.until', { time: formatInstant(makeup.expireTime, zone) })}</Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
      <HomeCard
        title={text('home.placeOffers')}
        query={query}
        count={({ placeOfferCount }) => Number(placeOfferCount ?? 0)}
        hidden={({ placeOffers: offers = [] }) => offers.length === 0}
      >
        {({ placeOffers: offers = [] }) => (
          <ul className={styles['rows']}>
            {offers.map((offer) => (
              <li key={offer.waitingEntryId}>
                <Link to={`/students/${offer.studentId}`}>{nameOf(offer.studentId) || text('leads.unnamed')}</Link>
                <Typography.Text type="secondary">{text('home.until', { time: formatInstant(offer.expireTime, zone) })}</Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
      <HomeCard
        title={text('home.notReady')}
        query={query}
        count={({ classGroupsNotReady = [] }) => classGroupsNotReady.length}
        hidden={({ classGroupsNotReady = [] }) => classGroupsNotReady.length === 0}
      >
        {({ classGroupsNotReady = [] }) => (
          <ul className={styles['rows']}>
            {classGroupsNotReady.map((group) => (
              <li key={group.classGroupId}>
                <span>{group.name}</span>
                <Typography.Text type="secondary">
                  {(group.unmet ?? []).map((condition) => word(text, 'unmet', condition)).join(' · ')}
                </Typography.Text>
              </li>
            ))}
          </ul>
        )}
      </HomeCard>
    </>
  )
}
