import type { zhCNReveals } from '@/locales/zh-CN-reveals'

// The same in English.
export const enReveals: Readonly<Record<keyof typeof zhCNReveals, string>> = {
  'lead.masked': 'Partly hidden: you do not have permission to see full contact details.',
  'reveal.show': 'Show',
  'revealReason.REVEAL_REASON_CONTACT': 'To contact the family',
  'revealReason.REVEAL_REASON_IDENTITY_CHECK': 'To check who it is',
  'revealReason.REVEAL_REASON_EMERGENCY': 'An emergency',
  'revealReason.REVEAL_REASON_CONTRACT': 'For a contract',
  'revealReason.REVEAL_REASON_COMPLAINT': 'For a complaint',
}
