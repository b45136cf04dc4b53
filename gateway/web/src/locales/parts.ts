import type { TextKey } from '@/locales/keys'

export type Texts = Readonly<Partial<Record<TextKey, string>>>

/** The texts of a subject are loaded with its pages; those of "base", in Chinese, are always there. */
export const PARTS = {
  base: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN')).zhCN,
    en: async (): Promise<Texts> => (await import('@/locales/en')).en,
  },
  home: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-home')).zhCNHome,
    en: async (): Promise<Texts> => (await import('@/locales/en-home')).enHome,
  },
  leads: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-leads')).zhCNLeads,
    en: async (): Promise<Texts> => (await import('@/locales/en-leads')).enLeads,
  },
  orders: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-orders')).zhCNOrders,
    en: async (): Promise<Texts> => (await import('@/locales/en-orders')).enOrders,
  },
  reveals: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-reveals')).zhCNReveals,
    en: async (): Promise<Texts> => (await import('@/locales/en-reveals')).enReveals,
  },
  settlements: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-settlements')).zhCNSettlements,
    en: async (): Promise<Texts> => (await import('@/locales/en-settlements')).enSettlements,
  },
  students: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-students')).zhCNStudents,
    en: async (): Promise<Texts> => (await import('@/locales/en-students')).enStudents,
  },
  timetable: {
    'zh-CN': async (): Promise<Texts> => (await import('@/locales/zh-CN-timetable')).zhCNTimetable,
    en: async (): Promise<Texts> => (await import('@/locales/en-timetable')).enTimetable,
  },
} as const

export type Part = keyof typeof PARTS
