import { expect, test } from 'vitest'
import { toCsv } from '@/lib/csv'

test('cells with commas, quotes and line ends are quoted', () => {
  expect(toCsv([['a,b', 'say "hi"', 'two\nlines', '张三']])).toBe('\uFEFF"a,b","say ""hi""","two\nlines",张三\r\n')
})

test('a cell that a spreadsheet would run as a formula is disarmed', () => {
  expect(toCsv([['=1+1', '+86 138', '-2', '@x', '2-1']])).toBe("\uFEFF'=1+1,'+86 138,'-2,'@x,2-1\r\n")
})
