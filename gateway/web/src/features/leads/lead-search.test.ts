import { expect, test } from 'vitest'
import { filterOf, isFiltered, readSearch, writeSearch } from '@/features/leads/lead-search'

const EMPTY = readSearch(new URLSearchParams())

test('the address keeps every choice', () => {
  const search = { ...EMPTY, search: '王 5678', stage: 'LEAD_STAGE_QUOTED', owner: 'pool', order: 'oldest' as const, page: 'abc=' }
  expect(readSearch(new URLSearchParams(writeSearch(search).toString()))).toEqual(search)
})

test('an untouched list has a bare address and no filter', () => {
  expect(writeSearch(EMPTY).toString()).toBe('')
  expect(filterOf(EMPTY)).toBe('')
  expect(isFiltered(EMPTY)).toBe(false)
  expect(isFiltered({ ...EMPTY, page: 'abc', order: 'oldest' })).toBe(false)
})

test('choices become one filter; the pool is an empty owner', () => {
  const search = { ...EMPTY, stage: 'LEAD_STAGE_TRIAL_BOOKED', grade: 'LEAD_GRADE_A', campus: 'c1', owner: 'pool' }
  expect(filterOf(search)).toBe('stage = "trial_booked" AND grade = "a" AND campus_id = "c1" AND owner_id = ""')
})

test('a value from a tampered address cannot leave its quotes', () => {
  expect(filterOf({ ...EMPTY, campus: 'a" OR "\\' })).toBe('campus_id = "a\\" OR \\"\\\\"')
})
