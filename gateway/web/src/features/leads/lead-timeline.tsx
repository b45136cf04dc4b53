import { Button, Skeleton, Timeline, Typography } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import { useTimeline, type TimelineEntry } from '@/features/leads/lead-queries'
import { formatInstant } from '@/lib/dates'
import { useStaffName } from '@/lib/directory'
import { useText, type Text } from '@/lib/text'
import { word } from '@/lib/words'

interface Story {
  colour: string
  title: string
  lines: string[]
}

type StaffName = (id: string | undefined) => string

/** One entry in words. `at` writes an instant on the clock of the campus. */
function tell(entry: TimelineEntry, text: Text, staffName: StaffName, at: (time: string | undefined) => string): Story {
  const { touch, followUp, assignment, trial, stageChange, assessmentReport, planMessage } = entry
  if (followUp !== undefined) {
    const next = at(followUp.nextContactTime)
    return {
      colour: 'var(--ant-color-primary)',
      title: text('timeline.followUp', { channel: word(text, 'channel', followUp.channel) }),
      lines: [followUp.content ?? '', next && text('timeline.nextContact', { time: next })],
    }
  }
  if (assignment !== undefined) {
    const byRule = assignment.ruleId ? text('timeline.byRule', { count: assignment.candidates?.length ?? 0 }) : ''
    const title = assignment.ownerId ? text('timeline.assigned', { owner: staffName(assignment.ownerId) }) : text('timeline.released')
    return { colour: 'gray', title, lines: [byRule, assignment.reason ?? ''] }
  }
  if (trial !== undefined) {
    const title = text('timeline.trial', { time: at(trial.startTime) })
    const opinion = trial.rating ? text('timeline.opinion', { rating: trial.rating, opinion: trial.opinion ?? '' }) : ''
    return { colour: 'purple', title, lines: [word(text, 'timeline.trial', trial.state), trial.feedback ?? '', opinion] }
  }
  if (assessmentReport !== undefined) {
    const { assessmentName, total, dimensions } = assessmentReport
    return {
      colour: 'orange',
      title: text('timeline.assessment', { name: assessmentName ?? '', percent: total?.percent ?? 0 }),
      lines: [...(dimensions ?? []), { dimension: '', percent: 0, comment: total?.comment }].map(({ dimension, percent, comment }) =>
        [dimension && `${dimension} ${String(percent)}%`, comment].filter(Boolean).join(' · '),
      ),
    }
  }
  if (planMessage !== undefined) {
    const { channel, subject, text: body, reason } = planMessage
    const title = text('timeline.planMessage', { channel: word(text, 'channel', channel) })
    return { colour: 'cyan', title, lines: [word(text, 'reason', reason), subject ?? '', body ?? ''] }
  }
  if (stageChange !== undefined) {
    const title = text('timeline.stage', { stage: word(text, 'stage', stageChange.stage) })
    return { colour: 'green', title, lines: [word(text, 'reason', stageChange.reason)] }
  }
  return { colour: 'blue', title: text('timeline.touch', { source: word(text, 'source', touch?.source) }), lines: [] }
}

/** Everything that happened to the lead, newest first. */
export function LeadTimeline({ leadId, timeZone }: { leadId: string; timeZone: string }): React.ReactNode {
  const text = useText()
  const staffName = useStaffName()
  const timeline = useTimeline(leadId)
  if (timeline.isPending) return <Skeleton active />
  const entries = timeline.data?.pages.flatMap((page) => page.entries ?? []) ?? []
  const at = (time: string | undefined): string => formatInstant(time, timeZone)
  return (
    <>
      {timeline.isError && <ProblemNotice error={timeline.error} onRetry={() => void timeline.refetch()} />}
      {timeline.isSuccess && entries.length === 0 && <Typography.Text type="secondary">{text('timeline.empty')}</Typography.Text>}
      <Timeline
        style={{ paddingTop: 6 }}
        items={entries.map((entry) => {
          const { colour, title, lines } = tell(entry, text, staffName, at)
          return {
            key: entry.entryId,
            color: colour,
            content: (
              <div style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
                <Typography.Text strong style={{ marginRight: 10 }}>
                  {title}
                </Typography.Text>
                <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
                  {at(entry.time)} · {entry.staffId ? staffName(entry.staffId) : text('lead.system')}
                </Typography.Text>
                {lines.filter(Boolean).map((line, index) => (
                  <div key={index}>{line}</div>
                ))}
              </div>
            ),
          }
        })}
      />
      {timeline.hasNextPage && (
        <Button type="link" loading={timeline.isFetchingNextPage} onClick={() => void timeline.fetchNextPage()}>
          {text('timeline.more')}
        </Button>
      )}
    </>
  )
}
