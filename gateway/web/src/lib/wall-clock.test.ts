import { expect, test } from 'vitest'
import { instantOfWall, wallDate, wallDay } from '@/lib/wall-clock'

test.each(['Asia/Shanghai', 'Asia/Urumqi', 'Europe/London', 'America/New_York'])('a lesson comes back from the calendar of %s', (zone) => {
  const instant = '2026-11-26T10:30:00.000Z'
  expect(instantOfWall(wallDate(instant, zone), zone)).toBe(instant)
})

test('a wall date shows the clock of the campus, wherever the browser is', () => {
  const date = wallDate('2026-11-26T20:30:00Z', 'Asia/Shanghai')
  expect([wallDay(date), date.getHours(), date.getMinutes()]).toEqual(['2026-11-27', 4, 30])
})
