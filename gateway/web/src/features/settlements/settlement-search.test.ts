import { expect, test } from 'vitest'
import { filterOf, isFiltered, lastMonths, readSearch, writeSearch } from '@/features/settlements/settlement-search'

test('a search survives the way through the address', () => {
  const search = { month: '2026-10', party: 'SETTLEMENT_PARTY_CAMPUS', state: 'SETTLEMENT_STATE_DRAFT', page: 'p' }
  expect(readSearch(writeSearch(search))).toEqual(search)
})

test('a page is no filter', () => {
  expect(isFiltered(readSearch(new URLSearchParams('page=x')))).toBe(false)
})

test('a month is named by its first day', () => {
  expect(filterOf(readSearch(new URLSearchParams('month=2026-10&party=SETTLEMENT_PARTY_CAMPUS')))).toBe(
    'start_date = "2026-10-01" AND party = "campus"',
  )
})

test('months go back over the new year', () => {
  expect(lastMonths('2026-01-15').slice(0, 3)).toEqual(['2026-01', '2025-12', '2025-11'])
  expect(lastMonths('2026-01-15').at(-1)).toBe('2024-02')
})
