import { expect, test, vi } from 'vitest'

vi.stubGlobal('addEventListener', () => undefined)
vi.stubGlobal('matchMedia', () => ({ matches: false }))
const { textIn } = await import('@/lib/text')
const { zhCN } = await import('@/locales/zh-CN')
const { en } = await import('@/locales/en')

const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

test('placeholders are filled', () => {
  expect(textIn('zh-CN', 'import.done', { total: 20 })).toBe('导入完成，共 20 行')
})

test('both languages have the same keys and the same placeholders', () => {
  expect(Object.keys(en).sort()).toEqual(Object.keys(zhCN).sort())
  for (const key of Object.keys(zhCN) as (keyof typeof zhCN)[]) {
    expect(holes(en[key]), key).toEqual(holes(zhCN[key]))
    expect(en[key], key).not.toMatch(/[\u4e00-\u9fff]/)
  }
})
