import { Button, Segmented, Skeleton, Timeline, Typography } from 'antd'
import { useState } from 'react'
import { ProblemNotice } from '@/components/problem-notice'
import { tellEvent } from '@/features/students/student-events'
import { useTimeline } from '@/features/students/student-queries'
import { formatInstant } from '@/lib/dates'
import { useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

const AREAS = ['', 'lessons', 'hours', 'money', 'sales', 'learning', 'service', 'messages', 'enquiry', 'file'] as const
const COLOURS: Readonly<Partial<Record<string, string>>> = {
  lessons: 'blue',
  hours: 'cyan',
  money: 'green',
  sales: 'gold',
  learning: 'purple',
  service: 'red',
}

interface Properties {
  studentId: string
  timeZone: string
  courseName: (id: string) => string
}

/** Everything that any service told of the child, newest first, with a choice of areas. */
export function StudentTimeline({ studentId, timeZone, courseName }: Properties): React.ReactNode {
  const text = useText()
  const staffName = useStaffName()
  const [area, setArea] = useState<(typeof AREAS)[number]>('')
  const timeline = useTimeline(studentId, area)
  const entries = timeline.data?.pages.flatMap((page) => page.timelineEntries ?? []) ?? []
  const at = (time: string | undefined): string => formatInstant(time, timeZone)
  return (
    <>
      <div style={{ overflowX: 'auto', marginBottom: 14 }}>
        <Segmented
          aria-label={text('student.timeline.area')}
          value={area}
          onChange={setArea}
          options={AREAS.map((each) => ({ value: each, label: text(`student.area.${each || 'all'}`) }))}
        />
      </div>
      {timeline.isPending && <Skeleton active />}
      {timeline.isError && <ProblemNotice error={timeline.error} onRetry={() => void timeline.refetch()} />}
      {timeline.isSuccess && entries.length === 0 && <Typography.Text type="secondary">{text('student.timeline.none')}</Typography.Text>}
      <Timeline
        items={entries.map((entry) => {
          const facts = tellEvent(entry, { text, courseName, staffName, at })
          return {
            key: entry.timelineEntryId,
            color: COLOURS[entry.area ?? ''] ?? 'gray',
            content: (
              <div style={{ overflowWrap: 'anywhere' }}>
                <Typography.Text strong style={{ marginRight: 10 }}>
                  {word(text, 'studentEvent', entry.kind)}
                </Typography.Text>
                <Typography.Text type="secondary" className="mono" style={{ fontSize: 12 }}>
                  {at(entry.occurTime)}
                </Typography.Text>
                {facts !== '' && <div>{facts}</div>}
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
