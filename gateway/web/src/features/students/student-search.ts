/** What the student list shows; lives in the address, so that a list can be sent to a colleague. */
export interface StudentSearch {
  search: string
  /** A StudentState name, or "". */
  state: string
  campus: string
  /** A staff id, or "". */
  owner: string
  /** A tag id, or "". */
  tag: string
  page: string
}

export const PAGE_SIZE = 50

const FIELDS = ['search', 'state', 'campus', 'owner', 'tag', 'page'] as const

export function readSearch(address: URLSearchParams): StudentSearch {
  return Object.fromEntries(FIELDS.map((name) => [name, address.get(name) ?? ''])) as unknown as StudentSearch
}

export function writeSearch(search: StudentSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const name of FIELDS) if (search[name] !== '') address.set(name, search[name])
  return address
}

export function isFiltered({ search, state, campus, owner, tag }: StudentSearch): boolean {
  return [search, state, campus, owner, tag].some((value) => value !== '')
}

/** The filter of ListStudents; states go without their prefix, as in `state = "enrolled"`. */
export function filterOf({ state, campus, owner }: StudentSearch): string {
  const terms: string[] = []
  if (state !== '') terms.push(`state = "${state.replace('STUDENT_STATE_', '').toLowerCase()}"`)
  if (campus !== '') terms.push(`campus_id = "${campus}"`)
  if (owner !== '') terms.push(`owner_id = "${owner}"`)
  return terms.join(' AND ')
}
