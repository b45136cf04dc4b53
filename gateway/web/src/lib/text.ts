import { useCallback, useSyncExternalStore } from 'react'
import { preferences, usePreferences, type Language } from '@/lib/preferences'
import type { TextKey } from '@/locales/keys'
import { PARTS, type Part, type Texts } from '@/locales/parts'
import { zhCN } from '@/locales/zh-CN'

type Values = Readonly<Record<string, string | number>>

const catalogues: Record<Language, Texts> = { 'zh-CN': zhCN, en: {} }
const wanted = new Set<Part>(['base'])
const loaded = new Set<string>(['zh-CN base'])
const listeners = new Set<() => void>()
let edition = 0

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Have the texts of a language at hand, as far as pages have asked for them. */
export async function loadLanguage(language: Language): Promise<void> {
  const missing = [...wanted].filter((part) => !loaded.has(`${language} ${part}`))
  if (missing.length === 0) return
  const texts = await Promise.all(missing.map((part) => PARTS[part][language]()))
  catalogues[language] = Object.assign({}, catalogues[language], ...texts) as Texts
  missing.forEach((part) => loaded.add(`${language} ${part}`))
  edition += 1
  listeners.forEach((listener) => listener())
}

/** Have the texts of some subjects at hand, in the language that the person chose. */
export async function loadTexts(...parts: Part[]): Promise<void> {
  parts.forEach((part) => wanted.add(part))
  await loadLanguage(preferences().language)
}

/** Whether there is a text in Chinese, the language in which all texts are written first. */
export function isText(key: string): key is TextKey {
  return key in catalogues['zh-CN'] || key in catalogues.en
}

/** One text with its {placeholders} filled; a placeholder without a value stays visible, and so does a key without a text. */
export function textIn(language: Language, key: TextKey, values: Values = {}): string {
  const text = catalogues[language][key] ?? catalogues['zh-CN'][key] ?? key
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

export type Text = (key: TextKey, values?: Values) => string

/** The texts of the language that the person chose. */
export function useText(): Text {
  const { language } = usePreferences()
  const known = useSyncExternalStore(subscribe, () => edition)
  // Another edition makes another function, so that components draw again once more texts are there.
  return useCallback((key, values) => (known < 0 ? '' : textIn(language, key, values)), [language, known])
}
