/** What the lead list shows; lives in the address, so that a list can be sent to a colleague. */
export interface LeadSearch {
  search: string
  /** A LeadStage name, or "". */
  stage: string
  /** A LeadGrade name, or "". */
  grade: string
  campus: string
  /** A staff id, POOL, or "". */
  owner: string
  order: 'newest' | 'oldest'
  page: string
}

export const POOL = 'pool'
export const PAGE_SIZE = 50

const TEXTS = ['search', 'stage', 'grade', 'campus', 'owner', 'page'] as const

export function readSearch(address: URLSearchParams): LeadSearch {
  const texts = Object.fromEntries(TEXTS.map((name) => [name, address.get(name) ?? '']))
  return { ...(texts as Record<(typeof TEXTS)[number], string>), order: address.get('order') === 'oldest' ? 'oldest' : 'newest' }
}

export function writeSearch(search: LeadSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const name of TEXTS) if (search[name] !== '') address.set(name, search[name])
  if (search.order === 'oldest') address.set('order', 'oldest')
  return address
}

export function isFiltered({ search, stage, grade, campus, owner }: LeadSearch): boolean {
  return [search, stage, grade, campus, owner].some((value) => value !== '')
}

function quoted(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The filter of ListLeads; enum values go without their prefix, as in `stage = "enquiry"`. */
export function filterOf({ stage, grade, campus, owner }: LeadSearch): string {
  const terms: string[] = []
  if (stage !== '') terms.push(`stage = ${quoted(stage.replace('LEAD_STAGE_', '').toLowerCase())}`)
  if (grade !== '') terms.push(`grade = ${quoted(grade.replace('LEAD_GRADE_', '').toLowerCase())}`)
  if (campus !== '') terms.push(`campus_id = ${quoted(campus)}`)
  if (owner !== '') terms.push(`owner_id = ${owner === POOL ? '""' : quoted(owner)}`)
  return terms.join(' AND ')
}
