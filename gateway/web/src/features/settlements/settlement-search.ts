/** What the list of statements shows; lives in the address. */
export interface SettlementSearch {
  /** "2026-11", or "" for all months. */
  month: string
  /** A SettlementParty name, or "". */
  party: string
  /** A SettlementState name, or "". */
  state: string
  page: string
}

export const PAGE_SIZE = 50

const FIELDS = ['month', 'party', 'state', 'page'] as const

export function readSearch(address: URLSearchParams): SettlementSearch {
  return Object.fromEntries(FIELDS.map((name) => [name, address.get(name) ?? ''])) as unknown as SettlementSearch
}

export function writeSearch(search: SettlementSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const name of FIELDS) if (search[name] !== '') address.set(name, search[name])
  return address
}

export function isFiltered({ month, party, state }: SettlementSearch): boolean {
  return [month, party, state].some((value) => value !== '')
}

/** The filter of ListSettlements; words go without their prefix, a month is named by its first day. */
export function filterOf({ month, party, state }: SettlementSearch): string {
  const terms: string[] = []
  if (month !== '') terms.push(`start_date = "${month}-01"`)
  if (party !== '') terms.push(`party = "${party.replace('SETTLEMENT_PARTY_', '').toLowerCase()}"`)
  if (state !== '') terms.push(`state = "${state.replace('SETTLEMENT_STATE_', '').toLowerCase()}"`)
  return terms.join(' AND ')
}

const MONTHS = 24

/** The month of a day ("2026-01-15") and those before it, the latest first: "2026-01", "2025-12". */
export function lastMonths(day: string): string[] {
  const latest = Number(day.slice(0, 4)) * 12 + Number(day.slice(5, 7)) - 1
  return Array.from({ length: MONTHS }, (_, back) => {
    const month = latest - back
    return `${String(Math.floor(month / 12))}-${String((month % 12) + 1).padStart(2, '0')}`
  })
}
