import { useMutation } from '@tanstack/react-query'
import { Button, Dropdown } from 'antd'
import { ProblemNotice } from '@/components/problem-notice'
import type { Schemas } from '@/lib/api'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

export type RevealReason = Schemas['RevealReason']

/** Reasons that need no further words. */
const REASONS = [
  'REVEAL_REASON_CONTACT',
  'REVEAL_REASON_IDENTITY_CHECK',
  'REVEAL_REASON_EMERGENCY',
  'REVEAL_REASON_CONTRACT',
  'REVEAL_REASON_COMPLAINT',
] as const satisfies readonly RevealReason[]

interface Properties {
  number: string | undefined
  /** Asks for the number in clear; absent when the person may not. What is asked goes on record. */
  onReveal: ((reason: RevealReason) => Promise<string>) | undefined
}

/** A phone number: hidden in part until somebody says why they need it, then a link that dials. */
export function PhoneNumber({ number, onReveal }: Properties): React.ReactNode {
  const text = useText()
  const shown = useMutation({ mutationFn: async (reason: RevealReason) => onReveal?.(reason) ?? '' })
  const known = shown.data ?? number
  if (!known) return null
  if (!known.includes('*')) {
    return (
      <a className="mono" href={`tel:${known}`}>
        {known}
      </a>
    )
  }
  return (
    <>
      <span className="mono">{known}</span>
      {onReveal !== undefined && (
        <Dropdown
          trigger={['click']}
          menu={{
            items: REASONS.map((key) => ({ key, label: word(text, 'revealReason', key) })),
            onClick: ({ key }) => shown.mutate(key as RevealReason),
          }}
        >
          <Button type="link" size="small" loading={shown.isPending}>
            {text('reveal.show')}
          </Button>
        </Dropdown>
      )}
      {shown.isError && <ProblemNotice error={shown.error} />}
    </>
  )
}
