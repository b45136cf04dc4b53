import type { zhCN } from '@/locales/zh-CN'
import type { zhCNHome } from '@/locales/zh-CN-home'
import type { zhCNLeads } from '@/locales/zh-CN-leads'
import type { zhCNOrders } from '@/locales/zh-CN-orders'
import type { zhCNReveals } from '@/locales/zh-CN-reveals'
import type { zhCNSettlements } from '@/locales/zh-CN-settlements'
import type { zhCNStudents } from '@/locales/zh-CN-students'
import type { zhCNTimetable } from '@/locales/zh-CN-timetable'

/** Every text of the console by its key. */
export type TextKey =
  | keyof typeof zhCN
  | keyof typeof zhCNHome
  | keyof typeof zhCNLeads
  | keyof typeof zhCNOrders
  | keyof typeof zhCNReveals
  | keyof typeof zhCNSettlements
  | keyof typeof zhCNStudents
  | keyof typeof zhCNTimetable
