import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap, type Schemas } from '@/lib/api'
import { uuid } from '@/lib/uuid'

export type HomeLesson = Schemas['HomeLesson']
export type Approval = Schemas['Approval']

// All of the page is under this key, so that one word makes it be read again.
const HOME = 'home'

export function useRefreshHome(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: [HOME] })
}

/** What waits for a decision of this person. */
export function useWaitingApprovals() {
  return useQuery({
    queryKey: [HOME, 'approvals'],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/waitingApprovals', { params: { query: { pageSize: 50 } }, signal }))).approvals ?? [],
  })
}

export function useDecide() {
  const refresh = useRefreshHome()
  return useMutation({
    mutationFn: async ({ approvalId, approve, reason }: { approvalId: string; approve: boolean; reason: string }) => {
      const params = { path: { approvalId } }
      const body = { reason, requestId: uuid() }
      if (approve) return unwrap(api.POST('/v1/approvals/{approvalId}:approve', { params, body }))
      return unwrap(api.POST('/v1/approvals/{approvalId}:reject', { params, body }))
    },
    onSuccess: refresh,
  })
}

/** The day of an advisor. */
export function useWorkbench() {
  return useQuery({
    queryKey: [HOME, 'workbench'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/workbench', { signal }))).workbench ?? {},
  })
}

/** The day of a teacher. */
export function useTeacherHome() {
  return useQuery({
    queryKey: [HOME, 'teacher'],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/teacherHome', { signal })),
  })
}

/** The day of a campus. */
export function useCampusHome(campusId: string) {
  return useQuery({
    queryKey: [HOME, 'campus', campusId],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/campuses/{campusId}/home', { params: { path: { campusId } }, signal })),
    enabled: campusId !== '',
  })
}

/** How far the children of a span of days came; days such as "2026-11-22", the last one not counted. */
export function useFunnel(startDate: string, endDate: string, campusId: string) {
  const query = { startDate, endDate, campusId: campusId || undefined }
  return useQuery({
    queryKey: [HOME, 'funnel', query],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/reports/funnel', { params: { query }, signal }))).stages ?? [],
  })
}

/** What families owe, by how late it is. */
export function useAgeing(asOfDate: string) {
  const query = { asOfDate, dimension: 'RECEIVABLE_DIMENSION_CAMPUS' as const }
  return useQuery({
    queryKey: [HOME, 'ageing', query],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/receivables/ageing', { params: { query }, signal })),
  })
}
