import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'

export interface Found {
  key: string
  kind: 'student' | 'lead'
  to: string
  name: string
  campusId: string
  /** What tells two children of one name apart, as far as the person may see it. */
  notes: readonly string[]
}

const MOST = 6

async function students(search: string, signal: AbortSignal): Promise<Found[]> {
  const query = { search, pageSize: MOST }
  const answer = await unwrap(api.GET('/v1/students', { params: { query }, signal }))
  return (answer.students ?? []).map(({ studentId = '', name = '', campusId = '', school = '', schoolGrade = '' }) => ({
    key: `student ${studentId}`,
    kind: 'student' as const,
    to: `/students/${studentId}`,
    name,
    campusId,
    notes: [school, schoolGrade],
  }))
}

async function leads(search: string, signal: AbortSignal): Promise<Found[]> {
  const query = { search, pageSize: MOST }
  const answer = await unwrap(api.GET('/v1/leads', { params: { query }, signal }))
  return (answer.leads ?? []).map(({ leadId = '', childName = '', campusId = '', guardianName = '', guardianPhone = '' }) => ({
    key: `lead ${leadId}`,
    kind: 'lead' as const,
    to: `/leads/${leadId}`,
    name: childName,
    campusId,
    notes: [guardianName, guardianPhone],
  }))
}

/** Children by name, pinyin or phone: students first, then enquiries. */
export function useFound(search: string) {
  const { session } = useSession()
  const places = [
    ...(can(session, 'student.read') ? [students] : []),
    ...(can(session, 'lead.read') ? [leads] : []),
  ]
  return useQuery({
    queryKey: ['search', search],
    queryFn: async ({ signal }) => (await Promise.all(places.map((place) => place(search, signal)))).flat(),
    enabled: search !== '',
    placeholderData: keepPreviousData,
  })
}
