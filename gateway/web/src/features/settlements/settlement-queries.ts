import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { PAGE_SIZE, filterOf, type SettlementSearch } from '@/features/settlements/settlement-search'
import { api, unwrap, type Schemas } from '@/lib/api'
import { can } from '@/lib/permissions'
import { useSession } from '@/lib/session'
import { uuid } from '@/lib/uuid'

export type Settlement = Schemas['Settlement']
export type SettlementLine = Schemas['SettlementLine']

const LISTS = ['GET /v1/settlements']
const RUNS = ['GET /v1/settlementRuns']
const keyOf = (settlementId: string, part: string): string[] => ['settlement', settlementId, part]
const POLL_MS = 2_000

export function useSettlements(search: SettlementSearch) {
  const query = {
    pageSize: PAGE_SIZE,
    pageToken: search.page || undefined,
    filter: filterOf(search) || undefined,
    orderBy: 'start_date desc',
  }
  return useQuery({
    queryKey: [...LISTS, query],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/settlements', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

/** The run that was begun last; looked at again and again while it works. */
export function useLatestRun(enabled: boolean) {
  const query = { pageSize: 1, orderBy: 'create_time desc' }
  return useQuery({
    queryKey: RUNS,
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/settlementRuns', { params: { query }, signal }))).settlementRuns?.[0] ?? null,
    enabled,
    refetchInterval: ({ state }) => (state.data?.state === 'SETTLEMENT_RUN_STATE_RUNNING' ? POLL_MS : false),
  })
}

/** Make the statements of a month: "2026-11". */
export function useStartRun() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (month: string) => {
      const [year, number] = month.split('-').map(Number)
      return unwrap(api.POST('/v1/settlementRuns', { body: { date: { year: year ?? 0, month: number ?? 0, day: 1 }, requestId: uuid() } }))
    },
    onSuccess: () => client.invalidateQueries({ queryKey: RUNS }),
  })
}

/** A function that makes the lists be read again. */
export function useRefreshLists(): () => Promise<void> {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: LISTS })
}

export function useSettlement(settlementId: string) {
  return useQuery({
    queryKey: keyOf(settlementId, 'itself'),
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/settlements/{settlementId}', { params: { path: { settlementId } }, signal }))).settlement ?? {},
  })
}

export function useLines(settlementId: string) {
  return useInfiniteQuery({
    queryKey: keyOf(settlementId, 'lines'),
    queryFn: ({ pageParam, signal }) => {
      const query = { pageSize: 100, pageToken: pageParam || undefined, orderBy: 'occur_time desc' }
      return unwrap(api.GET('/v1/settlements/{settlementId}/lines', { params: { path: { settlementId }, query }, signal }))
    },
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
  })
}

export type Step = 'confirm' | 'dispute' | 'answer'

/** Confirm a statement, object to it, or answer an objection. */
export function useDecideSettlement(settlementId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ step, text, requestId }: { step: Step; text: string; requestId: string }) => {
      const params = { path: { settlementId } }
      if (step === 'confirm') return unwrap(api.POST('/v1/settlements/{settlementId}:confirm', { params, body: { requestId } }))
      if (step === 'dispute') return unwrap(api.POST('/v1/settlements/{settlementId}:dispute', { params, body: { text, requestId } }))
      return unwrap(api.POST('/v1/settlements/{settlementId}:answer', { params, body: { answer: text, requestId } }))
    },
    onSuccess: () => Promise.all([['settlement', settlementId], LISTS].map((queryKey) => client.invalidateQueries({ queryKey }))),
  })
}

/** A statement line by line, as a file for spreadsheets. */
export async function readSettlementFile(settlementId: string, language: 'zh' | 'en'): Promise<Blob> {
  const params = { path: { settlementId }, query: { language } }
  return (await unwrap(api.GET('/v1/settlements/{settlementId}/file', { params, parseAs: 'blob' }))) as unknown as Blob
}

/** A function that names channel partners; "" for people who may not see them. */
export function usePartnerName(): (id: string | undefined) => string {
  const { session } = useSession()
  const { data } = useQuery({
    queryKey: ['GET /v1/partners'],
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/partners', { params: { query: { pageSize: 200 } }, signal }))).partners ?? [],
    enabled: can(session, 'partner.read'),
    staleTime: 5 * 60_000,
  })
  return (id) => data?.find(({ partnerId }) => partnerId === id)?.name ?? ''
}
