import { useCallback } from 'react'
import { usePreferences, type Language } from '@/lib/preferences'
import { en } from '@/locales/en'
import { zhCN, type TextKey } from '@/locales/zh-CN'

type Values = Readonly<Record<string, string | number>>

const CATALOGUES: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { 'zh-CN': zhCN, en }

/** One text with its {placeholders} filled; a placeholder without a value stays visible. */
export function textIn(language: Language, key: TextKey, values: Values = {}): string {
  return CATALOGUES[language][key].replace(/\{(\w+)\}/g, (hole, name: string) => String(values[name] ?? hole))
}

export type Text = (key: TextKey, values?: Values) => string

/** The texts of the language that the person chose. */
export function useText(): Text {
  const { language } = usePreferences()
  return useCallback((key, values) => textIn(language, key, values), [language])
}
