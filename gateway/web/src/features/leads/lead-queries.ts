import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap, type Schemas } from '@/lib/api'
import { uuid } from '@/lib/uuid'
import { PAGE_SIZE, filterOf, type LeadSearch } from '@/features/leads/lead-search'

export type Lead = Schemas['Lead']
export type Task = Schemas['Task']
export type TimelineEntry = Schemas['TimelineEntry']

const LISTS = ['GET /v1/leads']
const keyOf = (leadId: string): string[] => ['GET /v1/leads/{leadId}', leadId]
const timelineKeyOf = (leadId: string): string[] => ['GET /v1/leads/{leadId}/timeline', leadId]
const taskKeyOf = (leadId: string): string[] => ['GET /v1/tasks', leadId]

export function useLeads(search: LeadSearch) {
  const query = {
    pageSize: PAGE_SIZE,
    pageToken: search.page || undefined,
    filter: filterOf(search) || undefined,
    search: search.search || undefined,
    orderBy: search.order === 'oldest' ? 'create_time' : undefined,
  }
  return useQuery({
    queryKey: [...LISTS, query],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/leads', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function useLead(leadId: string) {
  return useQuery({
    queryKey: keyOf(leadId),
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/leads/{leadId}', { params: { path: { leadId } }, signal }))).lead ?? {},
  })
}

export function useTimeline(leadId: string) {
  return useInfiniteQuery({
    queryKey: timelineKeyOf(leadId),
    queryFn: ({ pageParam, signal }) => {
      const query = { pageSize: PAGE_SIZE, pageToken: pageParam || undefined }
      return unwrap(api.GET('/v1/leads/{leadId}/timeline', { params: { path: { leadId }, query }, signal }))
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
  })
}

/** Open tasks about a lead, the earliest due first. */
export function useTasks(leadId: string, enabled: boolean) {
  const query = { filter: `lead_id = "${leadId}" AND state = "open"`, pageSize: 20 }
  return useQuery({
    queryKey: taskKeyOf(leadId),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/tasks', { params: { query }, signal }))).tasks ?? [],
    enabled,
  })
}

/** A function that makes everything about one lead, and the lists, be read again. */
export function useRefreshLead(leadId: string): () => Promise<void> {
  const client = useQueryClient()
  return async () => {
    const keys = [keyOf(leadId), timelineKeyOf(leadId), taskKeyOf(leadId), LISTS]
    await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })))
  }
}

/** A function that makes the lists be read again. */
export function useRefreshLeads(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: LISTS })
}

export interface FollowUpInput {
  requestId: string
  channel: Schemas['FollowUpChannel']
  content: string
  nextContactTime?: string
}

export function useAddFollowUp(leadId: string) {
  const refresh = useRefreshLead(leadId)
  return useMutation({
    mutationFn: (body: FollowUpInput) =>
      unwrap(api.POST('/v1/leads/{leadId}/followUps', { params: { path: { leadId } }, body })),
    onSuccess: refresh,
  })
}

export interface AssignInput {
  ownerId: string
  reason?: string
}

export function useAssign(leadId: string) {
  const refresh = useRefreshLead(leadId)
  return useMutation({
    mutationFn: (input: AssignInput) => {
      const body = { ...input, requestId: uuid() }
      return unwrap(api.POST('/v1/leads/{leadId}:assign', { params: { path: { leadId } }, body }))
    },
    onSuccess: refresh,
  })
}

/** One field of a lead in clear; who asked and why goes on record. */
export async function revealLead(
  leadId: string,
  field: Schemas['RevealField'],
  reason: Schemas['RevealReason'],
): Promise<string> {
  const body = { field, reason, requestId: uuid() }
  const answer = await unwrap(api.POST('/v1/leads/{leadId}:reveal', { params: { path: { leadId } }, body }))
  return answer.revealed?.value ?? ''
}
