import { keepPreviousData, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { PAGE_SIZE, filterOf, type OrderSearch } from '@/features/orders/order-search'
import { api, unwrap, type Schemas } from '@/lib/api'

export type Order = Schemas['Order']
export type Payment = Schemas['Payment']
export type Refund = Schemas['Refund']
export type RefundCause = Schemas['RefundCause']

const LISTS = ['GET /v1/orders']
// All that belongs to one order is under this key, so that one word makes it be read again.
const keyOf = (orderId: string, part = ''): string[] => ['order', orderId, ...(part === '' ? [] : [part])]
const MOST = 200

export function useOrders(search: OrderSearch) {
  const query = {
    pageSize: PAGE_SIZE,
    pageToken: search.page || undefined,
    filter: filterOf(search) || undefined,
    orderBy: search.order || 'create_time desc',
  }
  return useQuery({
    queryKey: [...LISTS, query],
    queryFn: ({ signal }) => unwrap(api.GET('/v1/orders', { params: { query }, signal })),
    placeholderData: keepPreviousData,
  })
}

export function useOrder(orderId: string) {
  return useQuery({
    queryKey: keyOf(orderId, 'itself'),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/orders/{orderId}', { params: { path: { orderId } }, signal }))).order ?? {},
  })
}

export function usePayments(orderId: string, enabled: boolean) {
  const query = { pageSize: MOST, filter: `order_id = "${orderId}"` }
  return useQuery({
    queryKey: keyOf(orderId, 'payments'),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/payments', { params: { query }, signal }))).payments ?? [],
    enabled,
  })
}

export function useRefunds(orderId: string, enabled: boolean) {
  const query = { pageSize: MOST, filter: `order_id = "${orderId}"` }
  return useQuery({
    queryKey: keyOf(orderId, 'refunds'),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/refunds', { params: { query }, signal }))).refunds ?? [],
    enabled,
  })
}

export function useLots(orderId: string, enabled: boolean) {
  const query = { pageSize: MOST, filter: `order_id = "${orderId}"` }
  return useQuery({
    queryKey: keyOf(orderId, 'lots'),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/lots', { params: { query }, signal }))).lots ?? [],
    enabled,
  })
}

export function useInstalments(orderId: string, enabled: boolean) {
  const query = { pageSize: MOST, filter: `order_id = "${orderId}"`, orderBy: 'due_date' }
  return useQuery({
    queryKey: keyOf(orderId, 'instalments'),
    queryFn: async ({ signal }) => (await unwrap(api.GET('/v1/instalments', { params: { query }, signal }))).instalments ?? [],
    enabled,
  })
}

/** A function that makes everything about one order, and the lists, be read again. */
export function useRefreshOrder(orderId: string): () => Promise<void> {
  const client = useQueryClient()
  return async () => {
    await Promise.all([keyOf(orderId), LISTS].map((queryKey) => client.invalidateQueries({ queryKey })))
  }
}

/** Ways in which money reaches the desk; what families pay on their phones arrives by itself. */
export const METHODS = ['cash', 'transfer', 'wallet'] as const
export type Method = (typeof METHODS)[number]

export function useRecordPayment(orderId: string) {
  const refresh = useRefreshOrder(orderId)
  return useMutation({
    mutationFn: (input: { amountFen: string; method: Method; requestId: string }) =>
      unwrap(api.POST('/v1/payments', { body: { ...input, orderId } })),
    onSuccess: refresh,
  })
}

export interface RefundInput {
  cause: RefundCause
  feeFen: string
}

/** What would be given back of everything that is left; changes nothing. */
export function useRefundPreview(orderId: string, { cause, feeFen }: RefundInput) {
  return useQuery({
    queryKey: keyOf(orderId, `refund ${cause} ${feeFen}`),
    queryFn: async () =>
      (await unwrap(api.POST('/v1/orders/{orderId}:previewRefund', { params: { path: { orderId } }, body: { cause, feeFen } }))).refund ?? {},
    retry: false,
    gcTime: 0,
  })
}

export function useRequestRefund(orderId: string) {
  const refresh = useRefreshOrder(orderId)
  return useMutation({
    mutationFn: (input: RefundInput & { reason: string; requestId: string }) =>
      unwrap(api.POST('/v1/refunds', { body: { ...input, orderId } })),
    onSuccess: refresh,
  })
}

export type Decision = 'approve' | 'reject' | 'withdraw'

export function useDecideRefund(orderId: string) {
  const refresh = useRefreshOrder(orderId)
  return useMutation({
    mutationFn: async ({ refundId, decision, ...body }: { refundId: string; decision: Decision; reason: string; requestId: string }) => {
      const params = { path: { refundId } }
      const { requestId } = body
      if (decision === 'approve') return unwrap(api.POST('/v1/refunds/{refundId}:approve', { params, body: { requestId } }))
      if (decision === 'reject') return unwrap(api.POST('/v1/refunds/{refundId}:reject', { params, body }))
      return unwrap(api.POST('/v1/refunds/{refundId}:withdraw', { params, body }))
    },
    onSuccess: refresh,
  })
}

/** The receipt of a payment, as a file to print. */
export async function readReceipt(paymentId: string): Promise<Blob> {
  const { content = '', mediaType = 'application/pdf' } = await unwrap(
    api.GET('/v1/payments/{paymentId}/receipt', { params: { path: { paymentId } } }),
  )
  return new Blob([Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))], { type: mediaType })
}
