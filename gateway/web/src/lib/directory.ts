import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { api, unwrap, type Schemas } from '@/lib/api'
import { DEFAULT_TIME_ZONE } from '@/lib/dates'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { useText } from '@/lib/text'

export interface Campuses {
  list: readonly Schemas['SessionCampus'][]
  name: (id: string | undefined) => string
  timeZone: (id: string | undefined) => string
}

/** The campuses within the person's reach. */
export function useCampuses(): Campuses {
  const { session } = useSession()
  return useMemo(() => {
    const list = session?.campuses ?? []
    const byId = new Map(list.map((campus) => [campus.campusId, campus]))
    return {
      list,
      name: (id) => byId.get(id)?.name ?? '',
      timeZone: (id) => byId.get(id)?.timeZone || DEFAULT_TIME_ZONE,
    }
  }, [session])
}

const PAGE_SIZE = 200

async function everybody(role: string): Promise<Schemas['Staff'][]> {
  const people: Schemas['Staff'][] = []
  let pageToken: string | undefined
  do {
    const query = { pageSize: PAGE_SIZE, pageToken, role: role || undefined, orderBy: 'display_name' }
    const page = await unwrap(api.GET('/v1/staff', { params: { query } }))
    people.push(...(page.staff ?? []))
    pageToken = page.nextPageToken || undefined
  } while (pageToken !== undefined)
  return people
}

/** Staff within the person's reach, those who left included; empty for people who may not see it. */
export function useStaff(role = ''): readonly Schemas['Staff'][] {
  const { session } = useSession()
  const { data } = useQuery({
    queryKey: ['GET /v1/staff', role],
    queryFn: () => everybody(role),
    enabled: can(session, 'staff.read'),
    staleTime: 5 * 60_000,
  })
  return data ?? []
}

/** A function that names a staff member; "" is the pool. */
export function useStaffName(): (id: string | undefined) => string {
  const text = useText()
  const { session } = useSession()
  const staff = useStaff()
  return useMemo(() => {
    const names = new Map(staff.map((person) => [person.staffId, person.displayName]))
    names.set(session?.staffId, session?.displayName)
    return (id) => (id ? (names.get(id) ?? text('lead.unknownStaff')) : text('lead.unowned'))
  }, [staff, session, text])
}

async function everyCourse(): Promise<Schemas['Course'][]> {
  const courses: Schemas['Course'][] = []
  let pageToken: string | undefined
  do {
    const page = await unwrap(api.GET('/v1/courses', { params: { query: { pageSize: PAGE_SIZE, pageToken } } }))
    courses.push(...(page.courses ?? []))
    pageToken = page.nextPageToken || undefined
  } while (pageToken !== undefined)
  return courses
}

/** The courses of the chain; empty for people who may not see them. */
export function useCourses(): readonly Schemas['Course'][] {
  const { session } = useSession()
  const { data } = useQuery({
    queryKey: ['GET /v1/courses'],
    queryFn: everyCourse,
    enabled: can(session, 'course.read'),
    staleTime: 5 * 60_000,
  })
  return data ?? []
}
