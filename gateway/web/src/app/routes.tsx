import { createBrowserRouter } from 'react-router'
import { CrashPage } from '@/app/crash-page'
import { NotFoundPage } from '@/app/not-found-page'
import { RequireSession } from '@/app/require-session'
import { Splash } from '@/components/splash'
import { loadTexts } from '@/lib/text'
import type { Part } from '@/locales/parts'

type Page = () => React.ReactNode

/** A page that is loaded with its texts when somebody goes there. */
function page(path: string, load: () => Promise<Page>, ...parts: Part[]) {
  return { path, lazy: async () => ({ Component: (await Promise.all([load(), loadTexts(...parts)]))[0] }) }
}

export const router = createBrowserRouter([
  {
    HydrateFallback: Splash,
    ErrorBoundary: CrashPage,
    children: [
      page('/sign-in', async () => (await import('@/features/session/sign-in-page')).SignInPage),
      {
        Component: RequireSession,
        children: [
          page('/', async () => (await import('@/features/home/home-page')).HomePage, 'home', 'leads'),
          page('/leads', async () => (await import('@/features/leads/lead-list-page')).LeadListPage, 'leads'),
          page('/leads/:leadId', async () => (await import('@/features/leads/lead-page')).LeadPage, 'leads', 'reveals'),
          page('/students', async () => (await import('@/features/students/student-list-page')).StudentListPage, 'students'),
          page('/students/:studentId', async () => (await import('@/features/students/student-page')).StudentPage, 'students', 'reveals'),
          page('/orders', async () => (await import('@/features/orders/order-list-page')).OrderListPage, 'orders'),
          page('/orders/:orderId', async () => (await import('@/features/orders/order-page')).OrderPage, 'orders'),
          page('/timetable', async () => (await import('@/features/timetable/timetable-page')).TimetablePage, 'timetable', 'students'),
          page('/settlements', async () => (await import('@/features/settlements/settlement-list-page')).SettlementListPage, 'settlements'),
          page('/settlements/:settlementId', async () => (await import('@/features/settlements/settlement-page')).SettlementPage, 'settlements'),
          { path: '*', Component: NotFoundPage },
        ],
      },
    ],
  },
])
