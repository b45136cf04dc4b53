import { Tag } from 'antd'
import { usePartnerName, type Settlement } from '@/features/settlements/settlement-queries'
import { useCampuses, useStaffName } from '@/lib/directory'
import { useText } from '@/lib/text'
import { word } from '@/lib/words'

export const PARTIES = [
  'SETTLEMENT_PARTY_CAMPUS',
  'SETTLEMENT_PARTY_HEADQUARTERS',
  'SETTLEMENT_PARTY_ADVISOR',
  'SETTLEMENT_PARTY_TEACHER',
  'SETTLEMENT_PARTY_PARTNER',
] as const

export const STATES = [
  'SETTLEMENT_STATE_DRAFT',
  'SETTLEMENT_STATE_DISPUTED',
  'SETTLEMENT_STATE_CONFIRMED',
  'SETTLEMENT_STATE_PAID',
] as const

const COLOURS: Readonly<Partial<Record<string, string>>> = {
  SETTLEMENT_STATE_DRAFT: 'gold',
  SETTLEMENT_STATE_DISPUTED: 'red',
  SETTLEMENT_STATE_CONFIRMED: 'blue',
  SETTLEMENT_STATE_PAID: 'green',
}

export function SettlementStateTag({ state }: { state: Settlement['state'] }): React.ReactNode {
  const text = useText()
  return <Tag color={COLOURS[state ?? ''] ?? 'default'}>{word(text, 'settlementState', state)}</Tag>
}

/** A function that names whose statement it is. */
export function usePartyName(): (settlement: Settlement) => string {
  const text = useText()
  const campuses = useCampuses()
  const staffName = useStaffName()
  const partnerName = usePartnerName()
  return ({ party, partyId }) => {
    if (party === 'SETTLEMENT_PARTY_CAMPUS') return campuses.name(partyId) || word(text, 'settlementParty', party)
    if (party === 'SETTLEMENT_PARTY_ADVISOR' || party === 'SETTLEMENT_PARTY_TEACHER') return staffName(partyId)
    return (party === 'SETTLEMENT_PARTY_PARTNER' && partnerName(partyId)) || word(text, 'settlementParty', party)
  }
}

/** The month of a statement: "2026-11". */
export function monthOf({ startDate }: Settlement): string {
  return startDate?.year === undefined ? '' : `${String(startDate.year)}-${String(startDate.month ?? 0).padStart(2, '0')}`
}
