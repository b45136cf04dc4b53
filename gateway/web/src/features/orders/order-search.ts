/** What the order list shows; lives in the address. */
export interface OrderSearch {
  /** An OrderState name, or "". */
  state: string
  campus: string
  /** A staff id, or "". */
  owner: string
  order: string
  page: string
}

export const PAGE_SIZE = 50
export const ORDERS = ['create_time desc', 'total_fen desc'] as const

const FIELDS = ['state', 'campus', 'owner', 'order', 'page'] as const

export function readSearch(address: URLSearchParams): OrderSearch {
  return Object.fromEntries(FIELDS.map((name) => [name, address.get(name) ?? ''])) as unknown as OrderSearch
}

export function writeSearch(search: OrderSearch): URLSearchParams {
  const address = new URLSearchParams()
  for (const name of FIELDS) if (search[name] !== '') address.set(name, search[name])
  return address
}

export function isFiltered({ state, campus, owner }: OrderSearch): boolean {
  return [state, campus, owner].some((value) => value !== '')
}

/** The filter of ListOrders; states go without their prefix. */
export function filterOf({ state, campus, owner }: OrderSearch): string {
  const terms: string[] = []
  if (state !== '') terms.push(`state = "${state.replace('ORDER_STATE_', '').toLowerCase()}"`)
  if (campus !== '') terms.push(`campus_id = "${campus}"`)
  if (owner !== '') terms.push(`owner_id = "${owner}"`)
  return terms.join(' AND ')
}
