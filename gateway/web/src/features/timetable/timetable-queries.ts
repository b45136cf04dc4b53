import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap, type Schemas } from '@/lib/api'
import { uuid } from '@/lib/uuid'

export type Lesson = Schemas['Lesson']
export type RollCall = Schemas['RollCall']
export type RollCallRow = Schemas['RollCallRow']
export type AttendanceCode = Schemas['AttendanceCode']

const LESSONS = ['GET /v1/lessons']
const rollCallKeyOf = (lessonId: string): string[] => ['GET /v1/lessons/{lessonId}/rollCall', lessonId]
const PAGE_SIZE = 200
const DIRECTORY_MS = 5 * 60_000

export interface LessonsWanted {
  campusId: string
  teacherId?: string | undefined
  roomId?: string | undefined
  classGroupId?: string | undefined
  startTime: string
  endTime: string
}

/** Every lesson that stands in a stretch of time. */
export function useLessons(wanted: LessonsWanted) {
  return useQuery({
    queryKey: [...LESSONS, wanted],
    queryFn: async ({ signal }) => {
      const lessons: Lesson[] = []
      let pageToken: string | undefined
      do {
        const query = { ...wanted, pageSize: PAGE_SIZE, pageToken, filter: 'state = "scheduled"' }
        const page = await unwrap(api.GET('/v1/lessons', { params: { query }, signal }))
        lessons.push(...(page.lessons ?? []))
        pageToken = page.nextPageToken || undefined
      } while (pageToken !== undefined)
      return lessons
    },
    enabled: wanted.campusId !== '',
    placeholderData: keepPreviousData,
  })
}

export function useLesson(lessonId: string) {
  return useQuery({
    queryKey: [...LESSONS, lessonId],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/lessons/{lessonId}', { params: { path: { lessonId } }, signal }))).lesson ?? {},
  })
}

export function useRooms(campusId: string) {
  return useQuery({
    queryKey: ['GET /v1/rooms', campusId],
    queryFn: async ({ signal }) => {
      const query = { pageSize: PAGE_SIZE, filter: `campus_id = "${campusId}"` }
      return (await unwrap(api.GET('/v1/rooms', { params: { query }, signal }))).rooms ?? []
    },
    enabled: campusId !== '',
    staleTime: DIRECTORY_MS,
  })
}

export function useClassGroups(campusId: string) {
  return useQuery({
    queryKey: ['GET /v1/classGroups', campusId],
    queryFn: async ({ signal }) => {
      const query = { pageSize: PAGE_SIZE, filter: `campus_id = "${campusId}"` }
      return (await unwrap(api.GET('/v1/classGroups', { params: { query }, signal }))).classGroups ?? []
    },
    enabled: campusId !== '',
    staleTime: DIRECTORY_MS,
  })
}

/** What would collide if a lesson stood at another time. */
export function usePreview(lesson: Lesson, startTime: string, endTime: string) {
  return useQuery({
    queryKey: ['POST /v1/lessons:previewConflicts', lesson.lessonId, startTime, endTime],
    queryFn: ({ signal }) => {
      const { campusId = '', courseId, classGroupIds, studentIds, teacherIds, roomId } = lesson
      const plan = { campusId, courseId, classGroupIds, studentIds, teacherIds, roomId: roomId || undefined }
      const body = { plan, startTime, endTime, movingLessonId: lesson.lessonId }
      return unwrap(api.POST('/v1/lessons:previewConflicts', { body, signal }))
    },
    gcTime: 0,
  })
}

export interface MoveInput {
  startTime: string
  endTime: string
  scope: Schemas['SeriesScope']
  reason: string
  overrideReason?: string
}

/** A function that makes the timetable be read again. */
export function useRefreshLessons(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: LESSONS })
}

export function useMove(lessonId: string) {
  const refresh = useRefreshLessons()
  return useMutation({
    mutationFn: (input: MoveInput) =>
      unwrap(api.POST('/v1/lessons/{lessonId}:move', { params: { path: { lessonId } }, body: { ...input, requestId: uuid() } })),
    onSuccess: refresh,
  })
}

export interface CancelInput {
  scope: Schemas['SeriesScope']
  reason: string
}

export function useCancel(lessonId: string) {
  const refresh = useRefreshLessons()
  return useMutation({
    mutationFn: (input: CancelInput) =>
      unwrap(api.POST('/v1/lessons/{lessonId}:cancel', { params: { path: { lessonId } }, body: { ...input, requestId: uuid() } })),
    onSuccess: refresh,
  })
}

export function useRollCall(lessonId: string, enabled: boolean) {
  return useQuery({
    queryKey: rollCallKeyOf(lessonId),
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/lessons/{lessonId}/rollCall', { params: { path: { lessonId } }, signal }))).rollCall ?? {},
    enabled,
  })
}

export function useAttendanceCodes(enabled: boolean) {
  return useQuery({
    queryKey: ['GET /v1/attendanceCodes'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/attendanceCodes', { signal }))).codes ?? [],
    enabled,
    staleTime: DIRECTORY_MS,
  })
}

export interface Mark {
  studentId: string
  code: string
}

export function useConfirmRollCall(lessonId: string) {
  const client = useQueryClient()
  const refresh = useRefreshLessons()
  return useMutation({
    mutationFn: ({ entries, requestId }: { entries: Mark[]; requestId: string }) =>
      unwrap(api.POST('/v1/lessons/{lessonId}:confirmRollCall', { params: { path: { lessonId } }, body: { entries, requestId } })),
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: rollCallKeyOf(lessonId) })
      await refresh()
    },
  })
}
