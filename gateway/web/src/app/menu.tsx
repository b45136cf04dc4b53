import { AccountBookOutlined, CalculatorOutlined, CalendarOutlined, HomeOutlined, PhoneOutlined, TeamOutlined } from '@ant-design/icons'
import type { Session } from '@/lib/session'
import { can } from '@/lib/permissions'
import type { zhCN } from '@/locales/zh-CN'

export interface Place {
  path: string
  /** Read on every page, so it is one of the texts that are always there. */
  title: keyof typeof zhCN
  icon: React.ReactNode
  /** Whoever holds it finds the place in the menu; "" is for everybody. */
  permission: string
}

const PLACES: readonly Place[] = [
  { path: '/', title: 'place.home', icon: <HomeOutlined />, permission: '' },
  { path: '/leads', title: 'place.leads', icon: <PhoneOutlined />, permission: 'lead.read' },
  { path: '/students', title: 'place.students', icon: <TeamOutlined />, permission: 'student.read' },
  { path: '/orders', title: 'place.orders', icon: <AccountBookOutlined />, permission: 'order.read' },
  { path: '/timetable', title: 'place.timetable', icon: <CalendarOutlined />, permission: 'lesson.read' },
  { path: '/settlements', title: 'place.settlements', icon: <CalculatorOutlined />, permission: 'settlement.read' },
]

/** Where a person may go, in the order of the menu. */
export function placesOf(session: Session): readonly Place[] {
  return PLACES.filter(({ permission }) => permission === '' || can(session, permission))
}
