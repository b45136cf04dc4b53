import { createBrowserRouter } from 'react-router'
import { CrashPage } from '@/app/crash-page'
import { FirstPlace } from '@/app/first-place'
import { NotFoundPage } from '@/app/not-found-page'
import { RequireSession } from '@/app/require-session'
import { Splash } from '@/components/splash'

export const router = createBrowserRouter([
  {
    HydrateFallback: Splash,
    ErrorBoundary: CrashPage,
    children: [
      {
        path: '/sign-in',
        lazy: async () => ({ Component: (await import('@/features/session/sign-in-page')).SignInPage }),
      },
      {
        Component: RequireSession,
        children: [
          { path: '/', Component: FirstPlace },
          {
            path: '/leads',
            lazy: async () => ({ Component: (await import('@/features/leads/lead-list-page')).LeadListPage }),
          },
          {
            path: '/leads/:leadId',
            lazy: async () => ({ Component: (await import('@/features/leads/lead-page')).LeadPage }),
          },
          {
            path: '/students',
            lazy: async () => ({ Component: (await import('@/features/students/student-list-page')).StudentListPage }),
          },
          {
            path: '/students/:studentId',
            lazy: async () => ({ Component: (await import('@/features/students/student-page')).StudentPage }),
          },
          { path: '*', Component: NotFoundPage },
        ],
      },
    ],
  },
])
