import { OPEN_STAGES } from '@/features/leads/lead-words'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'
import styles from '@/features/leads/stage-bar.module.css'

/** The way to enrolment and how far the lead has come. */
export function StageBar({ stage, lost }: { stage: string | undefined; lost: boolean }): React.ReactNode {
  const text = useText()
  const at = OPEN_STAGES.findIndex((each) => each === stage)
  return (
    <ol className={styles['bar']} aria-label={text('lead.stageBar')}>
      {OPEN_STAGES.map((each, index) => {
        const look = lost || index > at ? 'ahead' : index === at ? 'here' : 'passed'
        return (
          <li key={each} className={styles[look]} aria-current={look === 'here' ? 'step' : undefined}>
            {word(text, 'stage', each)}
          </li>
        )
      })}
    </ol>
  )
}
