import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { api, unwrap } from '@/lib/api'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'

const listed = (field: string, ids: readonly string[]): string => `${field} in [${ids.map((id) => `"${id}"`).join(', ')}]`

async function namesOf(ids: readonly string[], mayStudents: boolean, mayLeads: boolean): Promise<Map<string, string>> {
  const names = new Map<string, string>()
  const query = { pageSize: ids.length }
  if (mayStudents) {
    const { students = [] } = await unwrap(
      api.GET('/v1/students', { params: { query: { ...query, filter: listed('student_id', ids) } } }),
    )
    for (const { studentId, name } of students) names.set(studentId ?? '', name ?? '')
  }
  const unknown = ids.filter((id) => !names.has(id))
  if (mayLeads && unknown.length > 0) {
    const { leads = [] } = await unwrap(
      api.GET('/v1/leads', { params: { query: { ...query, filter: listed('customer_id', unknown) } } }),
    )
    for (const { customerId, childName } of leads) names.set(customerId ?? '', childName ?? '')
  }
  return names
}

/** A function that names customers, from their student files or else their enquiries; "" while a name is not known. */
export function useCustomerNames(customerIds: readonly (string | undefined)[]): (id: string | undefined) => string {
  const { session } = useSession()
  const ids = [...new Set(customerIds.filter((id): id is string => Boolean(id)))].sort()
  const mayStudents = can(session, 'student.read')
  const mayLeads = can(session, 'lead.read')
  const { data } = useQuery({
    queryKey: ['names of customers', ids],
    queryFn: () => namesOf(ids, mayStudents, mayLeads),
    enabled: ids.length > 0,
    staleTime: 5 * 60_000,
    placeholderData: keepPreviousData,
  })
  return (id) => data?.get(id ?? '') ?? ''
}
