import { useSyncExternalStore } from 'react'
import { recall, remember } from '@/lib/storage'

export type Language = 'zh-CN' | 'en'
export type Appearance = 'system' | 'light' | 'dark'

export interface Preferences {
  language: Language
  appearance: Appearance
  /** Institution code of the last sign-in on this browser. */
  institutionCode: string
  /** Whether somebody signed in on this browser and has not signed out: only then is there a cookie to try. */
  staysSignedIn: boolean
}

const KEY = 'lianxiao.preferences'
const DEFAULTS: Preferences = { language: 'zh-CN', appearance: 'system', institutionCode: '', staysSignedIn: false }

function load(): Preferences {
  try {
    return { ...DEFAULTS, ...(JSON.parse(recall(KEY) ?? '{}') as Partial<Preferences>) }
  } catch {
    return DEFAULTS
  }
}

let current = load()
const listeners = new Set<() => void>()

export function preferences(): Preferences {
  return current
}

export function setPreference<K extends keyof Preferences>(key: K, value: Preferences[K]): void {
  current = { ...current, [key]: value }
  remember(KEY, JSON.stringify(current))
  listeners.forEach((listener) => listener())
}

// The other tabs of this browser share the choices.
addEventListener('storage', ({ key }) => {
  if (key !== KEY) return
  current = load()
  listeners.forEach((listener) => listener())
})

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, preferences)
}

const darkQuery = matchMedia('(prefers-color-scheme: dark)')

function subscribeDark(listener: () => void): () => void {
  darkQuery.addEventListener('change', listener)
  return () => darkQuery.removeEventListener('change', listener)
}

/** Whether to draw dark: the person's choice, else that of the system. */
export function useDark(): boolean {
  const systemDark = useSyncExternalStore(subscribeDark, () => darkQuery.matches)
  const { appearance } = usePreferences()
  return appearance === 'dark' || (appearance === 'system' && systemDark)
}
