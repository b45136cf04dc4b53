import { describe, expect, it } from 'vitest'
import { filterOf, isFiltered, readSearch, writeSearch } from '@/features/orders/order-search'

describe('order search', () => {
  it('survives the way through the address', () => {
    const search = { state: 'ORDER_STATE_PART_PAID', campus: 'c1', owner: 'o', order: 'total_fen desc', page: 'p' }
    expect(readSearch(writeSearch(search))).toEqual(search)
  })

  it('is no filter when only order and page are chosen', () => {
    expect(isFiltered(readSearch(new URLSearchParams('page=x&order=total_fen')))).toBe(false)
  })

  it('names states as the service does', () => {
    expect(filterOf(readSearch(new URLSearchParams('state=ORDER_STATE_PART_PAID&campus=c1')))).toBe(
      'state = "part_paid" AND campus_id = "c1"',
    )
  })
})
