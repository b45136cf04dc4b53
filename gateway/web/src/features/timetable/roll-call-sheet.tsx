import { Button, Segmented, Skeleton, Tag, Typography } from 'antd'
import { useState } from 'react'
import { useNotices } from '@/components/notices'
import { ProblemNotice } from '@/components/problem-notice'
import styles from '@/components/record-page.module.css'
import { useAttendanceCodes, useConfirmRollCall, useRollCall, type RollCallRow } from '@/features/timetable/timetable-queries'
import { formatHundredths } from '@/lib/money'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText, type Text } from '@/lib/text'
import { uuid } from '@/lib/uuid'

const FIRST_CODE = 'present'
const LEAVE_CODE = 'excused'

function isConfirmed(row: RollCallRow): boolean {
  return row.attendance?.state === 'ATTENDANCE_STATE_CONFIRMED'
}

/** What billing has said of a confirmed attendance. */
function chargeOf(row: RollCallRow, text: Text): string {
  const charge = row.attendance?.charge
  if (charge === undefined) return ''
  const used = text('student.fact.consumed', { hours: formatHundredths(charge.consumedHundredths ?? '0') })
  const left = charge.remainingHundredths === undefined ? '' : text('student.fact.remaining', { hours: formatHundredths(charge.remainingHundredths) })
  return [used, left].filter(Boolean).join(' · ')
}

/** Everybody who is expected: one tap a child, one to confirm. */
export function RollCallSheet({ lessonId }: { lessonId: string }): React.ReactNode {
  const text = useText()
  const notices = useNotices()
  const { session } = useSession()
  const sheet = useRollCall(lessonId, true)
  const codes = useAttendanceCodes(true)
  const confirm = useConfirmRollCall(lessonId)
  const [marks, setMarks] = useState<Readonly<Record<string, string>>>({})
  const [requestId, setRequestId] = useState(uuid)
  if (sheet.isPending || codes.isPending) return <Skeleton active />
  if (sheet.isError) return <ProblemNotice error={sheet.error} onRetry={() => void sheet.refetch()} />
  const rows = sheet.data.rows ?? []
  const open = rows.filter((row) => !isConfirmed(row))
  const options = (codes.data ?? []).filter((code) => code.active).map((code) => ({ value: code.code ?? '', label: code.name }))
  const names = new Map(options.map(({ value, label }) => [value, label]))
  const markOf = (row: RollCallRow): string =>
    marks[row.studentId ?? ''] ?? (row.leaveRequest === undefined ? FIRST_CODE : LEAVE_CODE)
  const mark = (studentId: string, code: string): void => {
    setMarks({ ...marks, [studentId]: code })
    // Another sheet is another command.
    setRequestId(uuid())
  }
  const submit = (): void =>
    confirm.mutate(
      { entries: open.map((row) => ({ studentId: row.studentId ?? '', code: markOf(row) })), requestId },
      { onSuccess: () => void notices.success(text('rollCall.done', { count: open.length })) },
    )
  if (rows.length === 0) return <Typography.Text type="secondary">{text('rollCall.none')}</Typography.Text>
  return (
    <>
      <ul className={styles['rows']} aria-label={text('rollCall.title')}>
        {rows.map((row) => (
          <li key={row.studentId}>
            <span>
              {row.displayName} {row.trialId && <Tag color="purple">{text('rollCall.trial')}</Tag>}
              {row.leaveRequest !== undefined && <Tag color="gold">{text('rollCall.leave')}</Tag>}
              {row.signIn !== undefined && <Tag color="blue">{text('rollCall.signedIn')}</Tag>}
            </span>
            {isConfirmed(row) ? (
              <span>
                <Tag color="green">{names.get(row.attendance?.code ?? '') ?? row.attendance?.code}</Tag>
                <Typography.Text type="secondary">{chargeOf(row, text)}</Typography.Text>
              </span>
            ) : (
              <Segmented
                size="small"
                aria-label={row.displayName}
                disabled={!can(session, 'attendance.confirm')}
                value={markOf(row)}
                options={options}
                onChange={(code) => mark(row.studentId ?? '', code)}
              />
            )}
          </li>
        ))}
      </ul>
      {confirm.isError && <ProblemNotice error={confirm.error} />}
      {open.length > 0 && can(session, 'attendance.confirm') && (
        <Button type="primary" block size="large" style={{ marginTop: 12 }} loading={confirm.isPending} onClick={submit}>
          {text('rollCall.confirm', { count: open.length })}
        </Button>
      )}
    </>
  )
}
