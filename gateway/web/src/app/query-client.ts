import { QueryClient } from '@tanstack/react-query'
import { problemOf } from '@/lib/problem'

const RETRIES = 1

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (failures, error) => failures < RETRIES && problemOf(error).retryable,
    },
  },
})
