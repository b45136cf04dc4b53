import { expect, test, vi } from 'vitest'
import type { TextKey } from '@/locales/keys'
import { PARTS, type Part } from '@/locales/parts'

vi.stubGlobal('addEventListener', () => undefined)
vi.stubGlobal('matchMedia', () => ({ matches: false }))
const { isText, loadLanguage, loadTexts, textIn } = await import('@/lib/text')

const holes = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort()

test.each(Object.keys(PARTS) as Part[])('both languages have the same keys and the same placeholders in %s', async (part) => {
  const [chinese, english] = [await PARTS[part]['zh-CN'](), await PARTS[part].en()]
  expect(Object.keys(english).sort()).toEqual(Object.keys(chinese).sort())
  for (const key of Object.keys(chinese) as TextKey[]) {
    expect(holes(english[key] ?? ''), key).toEqual(holes(chinese[key] ?? ''))
    expect(english[key], key).not.toMatch(/[\u4e00-\u9fff]/)
  }
})

test('no key stands in two parts', async () => {
  const keys = (await Promise.all(Object.values(PARTS).map((part) => part['zh-CN']()))).flatMap((texts) => Object.keys(texts))
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([])
})

test('the texts of a subject come with its pages, and placeholders are filled', async () => {
  expect(isText('import.done')).toBe(false)
  await loadTexts('leads')
  expect(textIn('zh-CN', 'import.done', { total: 20 })).toBe('导入完成，共 20 行')
})

test('English is read once it has been loaded', async () => {
  expect(textIn('en', 'action.retry')).toBe('重试')
  await loadLanguage('en')
  expect(textIn('en', 'action.retry')).toBe('Try again')
})
