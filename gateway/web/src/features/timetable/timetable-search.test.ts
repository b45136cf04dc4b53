import { expect, test } from 'vitest'
import { rangeOf, readSearch, writeSearch } from '@/features/timetable/timetable-search'

test('what is shown survives the way through the address', () => {
  const search = { campus: 'c', teacher: '', room: 'r', group: '', date: '2026-11-22', view: 'day' as const, lesson: 'l' }
  expect(readSearch(writeSearch(search))).toEqual(search)
})

test.each([
  ['2026-11-22T12:00', '2026-11-16', '2026-11-23'],
  ['2026-11-23T00:00', '2026-11-23', '2026-11-30'],
])('the week of %s begins on Monday', (date, first, last) => {
  const { start, end } = rangeOf(new Date(date), 'week')
  expect([start, end]).toEqual([new Date(`${first}T00:00`), new Date(`${last}T00:00`)])
})
