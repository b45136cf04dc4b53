import { expect, test } from 'vitest'
import { formatClock, formatDay, formatInstant, formatLocalDate, instantOf } from '@/lib/dates'

test('an instant is shown on the clock of the campus, not of the reader', () => {
  expect(formatInstant('2026-11-21T18:05:00Z', 'Asia/Shanghai')).toBe('2026-11-22 02:05')
  expect(formatInstant('2026-11-21T18:05:00Z', 'Asia/Urumqi')).toBe('2026-11-22 00:05')
  expect(formatInstant('2026-11-21T18:05:00Z', 'America/New_York')).toBe('2026-11-21 13:05')
})

test('midnight is 00:00 and belongs to the new day', () => {
  expect(formatClock('2026-11-21T16:00:00Z', 'Asia/Shanghai')).toBe('00:00')
  expect(formatDay('2026-11-21T16:00:00Z', 'Asia/Shanghai')).toBe('2026-11-22')
})

test('a missing or broken instant shows nothing', () => {
  expect(formatInstant(undefined)).toBe('')
  expect(formatInstant('')).toBe('')
  expect(formatInstant('yesterday')).toBe('')
})

test('a local date keeps the parts that are known', () => {
  expect(formatLocalDate({ year: 2017, month: 9, day: 1 })).toBe('2017-09-01')
  expect(formatLocalDate({ year: 2017, month: 9 })).toBe('2017-09')
  expect(formatLocalDate({ year: 2017 })).toBe('2017')
  expect(formatLocalDate({})).toBe('')
  expect(formatLocalDate(undefined)).toBe('')
})

test('a wall clock at the campus becomes the right instant, also beside a clock change', () => {
  expect(instantOf('2026-11-22T09:30')).toBe('2026-11-22T01:30:00.000Z')
  expect(instantOf('2026-03-08T01:30', 'America/New_York')).toBe('2026-03-08T06:30:00.000Z')
  expect(instantOf('2026-03-08T03:30', 'America/New_York')).toBe('2026-03-08T07:30:00.000Z')
})
