import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { PAGE_SIZE, filterOf, type StudentSearch } from '@/features/students/student-search'
import { api, unwrap, type Schemas } from '@/lib/api'
import { uuid } from '@/lib/uuid'

export type Student = Schemas['Student']
export type Overview = Schemas['StudentOverview']
export type TimelineEntry = Schemas['StudentTimelineEntry']

const LISTS = ['GET /v1/students']
const overviewKeyOf = (studentId: string): string[] => ['GET /v1/students/{studentId}/overview', studentId]
const timelineKeyOf = (studentId: string): string[] => ['GET /v1/students/{studentId}/timeline', studentId]

export function useStudents(search: StudentSearch) {
  const query = {
    pageSize: PAGE_SIZE,
    pageToken: search.page || undefined,
    filter: filterOf(search) || undefined,
    search: search.search || undefined,
    tagId: search.tag || undefined,
  }
  return useQuery({
    queryKey: [...LISTS, query],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/students', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** Tags that are in use. */
export function useTags(enabled: boolean) {
  return useQuery({
    queryKey: ['GET /v1/tags'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/tags', { params: { query: { pageSize: 200 } }, signal }))).tags ?? [],
    enabled,
    staleTime: 5 * 60_000,
  })
}

/** All of a child that the person may see. */
export function useOverview(studentId: string) {
  return useQuery({
    queryKey: overviewKeyOf(studentId),
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/students/{studentId}/overview', { params: { path: { studentId } }, signal }))).overview ?? {},
  })
}

/** The timeline, newest first; one area of it, or "" for everything. */
export function useTimeline(studentId: string, area: string) {
  return useInfiniteQuery({
    queryKey: [...timelineKeyOf(studentId), area],
    queryFn: ({ pageParam, signal }) => {
      const query = { pageSize: 30, pageToken: pageParam || undefined, filter: area === '' ? undefined : `area = "${area}"` }
      return unwrap(api.GET('/v1/students/{studentId}/timeline', { params: { path: { studentId }, query }, signal }))
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
  })
}

/** Every movement of hours and money of a child, the oldest first. */
export function useStatement(studentId: string) {
  return useQuery({
    queryKey: [...overviewKeyOf(studentId), 'statement'],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/students/{studentId}/statement', { params: { path: { studentId } }, signal }))).lines ?? [],
  })
}

export type StatementFile = 'xlsx' | 'pdf'

/** The same as a file. */
export async function readStatement(studentId: string, file: StatementFile, language: 'zh' | 'en'): Promise<Blob> {
  const params = { path: { studentId }, query: { file, language } }
  return (await unwrap(api.GET('/v1/students/{studentId}/statement/file', { params, parseAs: 'blob' }))) as Blob
}

/** A function that makes everything about one student, and the lists, be read again. */
export function useRefreshStudent(studentId: string): () => Promise<void> {
  const client = useQueryClient()
  return async () => {
    const keys = [overviewKeyOf(studentId), timelineKeyOf(studentId), LISTS]
    await Promise.all(keys.map((queryKey) => client.invalidateQueries({ queryKey })))
  }
}

export interface StateInput {
  requestId: string
  state: Schemas['StudentState']
  reason: string
}

export function useChangeState(studentId: string) {
  const refresh = useRefreshStudent(studentId)
  return useMutation({
    mutationFn: (body: StateInput) =>
      unwrap(api.POST('/v1/students/{studentId}:changeState', { params: { path: { studentId } }, body })),
    onSuccess: refresh,
  })
}

/** The phone of a guardian in clear; who asked and why goes on record. */
export async function revealPhone(
  studentId: string,
  guardianId: string,
  reason: Schemas['RevealReason'],
): Promise<string> {
  const path = { studentId, guardianId }
  const body = { field: 'REVEAL_FIELD_PHONE' as const, reason, requestId: uuid() }
  const answer = await unwrap(
    api.POST('/v1/students/{studentId}/guardians/{guardianId}:reveal', { params: { path }, body }),
  )
  return answer.revealed?.value ?? ''
}
