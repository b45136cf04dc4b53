import { expect, test } from 'vitest'
import { fenOf, formatFen, formatHundredths } from '@/lib/money'

test.each([
  ['0', '¥0.00'],
  ['5', '¥0.05'],
  ['-5', '-¥0.05'],
  ['1234567', '¥12,345.67'],
  ['-100000000', '-¥1,000,000.00'],
  ['9223372036854775807', '¥92,233,720,368,547,758.07'],
])('%s fen reads %s', (fen, text) => {
  expect(formatFen(fen)).toBe(text)
})

test.each([
  ['0', '0'],
  ['200', '2'],
  ['3050', '30.5'],
  ['125', '1.25'],
  ['-50', '-0.5'],
  ['120000', '1,200'],
])('%s hundredths of a lesson hour read %s', (hundredths, text) => {
  expect(formatHundredths(hundredths)).toBe(text)
})

test.each([
  ['6000', '600000'],
  ['12,345.6', '1234560'],
  ['0.05', '5'],
  ['￥ 99.90', '9990'],
])('reads %s yuan as %s fen', (yuan, fen) => {
  expect(fenOf(yuan)).toBe(fen)
})

test.each(['', '-1', '1.234', '1e3', '十'])('refuses %j as an amount', (yuan) => {
  expect(fenOf(yuan)).toBeNull()
})
