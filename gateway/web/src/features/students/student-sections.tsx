import { WarningOutlined } from '@ant-design/icons'
import { Alert, Tag, Typography } from 'antd'
import { Link } from 'react-router'
import { Figure } from '@/components/figure'
import { PhoneNumber, type RevealReason } from '@/components/phone-number'
import styles from '@/components/record-page.module.css'
import { Section } from '@/components/section'
import { revealPhone, type Overview } from '@/features/students/student-queries'
import { formatInstant, formatLocalDate } from '@/lib/dates'
import { useCampuses, useStaffName } from '@/lib/directory'
import { formatBasisPoints, formatFen, formatHundredths } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText, type Text } from '@/lib/text'
import { word } from '@/lib/words'

interface Properties {
  overview: Overview
}

/** The figures at the head of the page. */
export function StudentFigures({ overview }: Properties): React.ReactNode {
  const text = useText()
  const { hours = [], money, attendance, homework } = overview
  const sum = (field: 'remainingHundredths' | 'frozenHundredths'): string =>
    String(hours.reduce((total, each) => total + BigInt(each[field] ?? '0'), 0n))
  const frozen = sum('frozenHundredths')
  const shown = (section: string): boolean => !(overview.hiddenSections ?? []).includes(section)
  return (
    <div className={styles['figures']}>
      {shown('hours') && (
        <Figure
          label={text('student.remaining')}
          value={formatHundredths(sum('remainingHundredths'))}
          note={frozen === '0' ? text('student.hoursUnit') : text('student.frozen', { hours: formatHundredths(frozen) })}
        />
      )}
      {money !== undefined && (
        <Figure
          label={text('student.paid')}
          value={formatFen(money.paidFen ?? '0')}
          note={
            (money.refundedFen ?? '0') === '0'
              ? text('student.orders', { count: money.orderCount ?? '0' })
              : text('student.refunded', { amount: formatFen(money.refundedFen ?? '0') })
          }
        />
      )}
      {attendance !== undefined && (
        <Figure
          label={text('student.attendance')}
          value={attendance.rateBasisPoints === undefined ? '—' : formatBasisPoints(attendance.rateBasisPoints)}
          note={text('student.attendanceNote', { present: attendance.presentCount ?? '0', lessons: attendance.lessonCount ?? '0' })}
        />
      )}
      {homework !== undefined && (
        <Figure
          label={text('student.homework')}
          value={homework.completionBasisPoints === undefined ? '—' : formatBasisPoints(homework.completionBasisPoints)}
          note={text('student.homeworkNote', { done: homework.doneCount ?? 0, given: homework.givenCount ?? 0 })}
        />
      )}
    </div>
  )
}

function figureOf(risk: NonNullable<Overview['risks']>[number], text: Text): string {
  const figure = risk.figure ?? '0'
  switch (risk.kind) {
    case 'STUDENT_RISK_KIND_HOURS_LOW':
      return text('student.risk.hours', { hours: formatHundredths(figure) })
    case 'STUDENT_RISK_KIND_ABSENCE_STREAK':
      return text('student.risk.lessons', { count: figure })
    default:
      return formatBasisPoints(Number(figure))
  }
}

/** Why the child may be lost, above everything else. */
export function StudentRisks({ overview }: Properties): React.ReactNode {
  const text = useText()
  const courses = new Map((overview.hours ?? []).map((each) => [each.courseId, each.courseName]))
  return (overview.risks ?? []).map((risk) => (
    <Alert
      key={`${risk.kind}${risk.courseId}`}
      type="warning"
      showIcon
      icon={<WarningOutlined />}
      title={[word(text, 'student.risk', risk.kind), courses.get(risk.courseId)].filter(Boolean).join(' · ')}
      description={figureOf(risk, text)}
    />
  ))
}

export function StudentHours({ overview }: Properties): React.ReactNode {
  const text = useText()
  return (
    <Section title={text('student.hours')} none={text('student.hours.none')}>
      {(overview.hours ?? []).map((each) => (
        <li key={each.courseId}>
          <span>{each.courseName || text('student.course')}</span>
          <span>
            <strong>{formatHundredths(each.remainingHundredths ?? '0')}</strong> {text('student.hoursUnit')}
            {each.firstExpireDate !== undefined && (
              <Typography.Text type="secondary"> · {text('student.expire', { date: formatLocalDate(each.firstExpireDate) })}</Typography.Text>
            )}
          </span>
        </li>
      ))}
    </Section>
  )
}

export function StudentLessons({ overview }: Properties): React.ReactNode {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  return (
    <>
      <Section title={text('student.nextLessons')} none={text('student.nextLessons.none')}>
        {(overview.nextLessons ?? []).map((lesson) => (
          <li key={lesson.lessonId}>
            <span>{lesson.courseName}</span>
            <Typography.Text type="secondary">
              <span className="mono">{formatInstant(lesson.startTime, campuses.timeZone(lesson.campusId))}</span>
              {lesson.teacherId && ` · ${staffName(lesson.teacherId)}`}
            </Typography.Text>
          </li>
        ))}
      </Section>
      <Section title={text('student.classGroups')} none={text('student.classGroups.none')}>
        {(overview.classGroups ?? []).map((group) => (
          <li key={group.classGroupId}>
            <span>{group.name}</span>
            <Typography.Text type="secondary">{group.courseName}</Typography.Text>
          </li>
        ))}
      </Section>
    </>
  )
}

export function StudentLearning({ overview }: Properties): React.ReactNode {
  const text = useText()
  const levels = (overview.levels ?? []).map((level) => (
    <li key={`level-${level.subject}`}>
      <span>{word(text, 'subject', level.subject)}</span>
      <strong>{level.level}</strong>
    </li>
  ))
  const scores = (overview.scores ?? []).map((each) => (
    <li key={`scores-${each.subject}`}>
      <span>{text('student.scores', { subject: word(text, 'subject', each.subject) })}</span>
      <span>
        {(each.scores ?? []).slice(-4).map((point) => formatBasisPoints(point.shareBasisPoints ?? 0)).join(' → ')}
        {each.trendBasisPoints !== undefined && (
          <Typography.Text type={each.trendBasisPoints < 0 ? 'danger' : 'success'}>
            {' '}
            {each.trendBasisPoints < 0 ? '↓' : '↑'} {formatBasisPoints(Math.abs(each.trendBasisPoints))}
          </Typography.Text>
        )}
      </span>
    </li>
  ))
  return (
    <Section title={text('student.learning')} none={text('student.learning.none')}>
      {[...levels, ...scores]}
    </Section>
  )
}

export function StudentFamily({ overview }: Properties): React.ReactNode {
  const text = useText()
  const mayReveal = can(useSession().session, 'guardian.reveal')
  const studentId = overview.student?.studentId ?? ''
  const revealOf = (guardianId: string) =>
    mayReveal ? (reason: RevealReason) => revealPhone(studentId, guardianId, reason) : undefined
  const guardians = (overview.guardians ?? []).map((guardian) => (
    <li key={guardian.guardianId}>
      <span>
        {[guardian.name, word(text, 'relation', guardian.relation)].filter(Boolean).join(' · ')}{' '}
        {guardian.maySee === false && <Tag color="red">{text('student.maySeeNot')}</Tag>}
        {guardian.mayContact === false && <Tag>{text('student.mayContactNot')}</Tag>}
      </span>
      <span>
        <PhoneNumber number={guardian.phone} onReveal={revealOf(guardian.guardianId ?? '')} />
      </span>
    </li>
  ))
  const siblings = (overview.siblings ?? []).map((sibling) => (
    <li key={sibling.studentId}>
      <Link to={`/students/${sibling.studentId}`}>{sibling.name}</Link>
      <Typography.Text type="secondary">{text('student.sibling')}</Typography.Text>
    </li>
  ))
  return (
    <Section title={text('student.family')} none={text('student.family.none')}>
      {[...guardians, ...siblings]}
    </Section>
  )
}

export function StudentTickets({ overview }: Properties): React.ReactNode {
  const text = useText()
  return (
    <Section title={text('student.tickets')} none={text('student.tickets.none')}>
      {(overview.tickets ?? []).map((ticket) => (
        <li key={ticket.ticketId}>
          <span>{ticket.subject}</span>
          <Typography.Text type="secondary">{word(text, 'ticket', ticket.kind)}</Typography.Text>
        </li>
      ))}
    </Section>
  )
}
