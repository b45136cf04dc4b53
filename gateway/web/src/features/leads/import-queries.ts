import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { api, unwrap, type Schemas } from '@/lib/api'
import { authorizedFetch, refuseProblem } from '@/lib/session'
import { uuid } from '@/lib/uuid'

export type LeadImport = Schemas['Import']
export type ImportRow = Schemas['ImportRow']

const POLL_MS = 1_000
const ROWS_SHOWN = 50
const ROWS_DOWNLOADED = 200
const UNFINISHED = new Set(['IMPORT_STATE_OPEN', 'IMPORT_STATE_WAITING', 'IMPORT_STATE_RUNNING'])
const REJECTED = 'outcome = "rejected"'

export function isUnfinished(leadImport: LeadImport): boolean {
  return UNFINISHED.has(leadImport.state ?? '')
}

/** One import, read again every second until it is finished. */
export function useImport(importId: string) {
  return useQuery({
    queryKey: ['GET /v1/imports/{importId}', importId],
    queryFn: async ({ signal }) =>
      (await unwrap(api.GET('/v1/imports/{importId}', { params: { path: { importId } }, signal }))).leadImport ?? {},
    refetchInterval: ({ state }) => (state.data === undefined || isUnfinished(state.data) ? POLL_MS : false),
  })
}

function readRejected(importId: string, pageToken: string, pageSize: number, signal?: AbortSignal) {
  const query = { filter: REJECTED, pageSize, pageToken: pageToken || undefined }
  return unwrap(api.GET('/v1/imports/{importId}/rows', { params: { path: { importId }, query }, signal }))
}

export function useRejectedRows(importId: string) {
  return useInfiniteQuery({
    queryKey: ['GET /v1/imports/{importId}/rows', importId],
    queryFn: ({ pageParam, signal }) => readRejected(importId, pageParam, ROWS_SHOWN, signal),
    initialPageParam: '',
    getNextPageParam: (page) => page.nextPageToken || undefined,
  })
}

export async function allRejectedRows(importId: string): Promise<ImportRow[]> {
  const rows: ImportRow[] = []
  let pageToken = ''
  do {
    const page = await readRejected(importId, pageToken, ROWS_DOWNLOADED)
    rows.push(...(page.rows ?? []))
    pageToken = page.nextPageToken ?? ''
  } while (pageToken !== '')
  return rows
}

export interface UploadInput {
  file: File
  /** Empty: every row names its own. */
  campusId: string
  dryRun: boolean
}

async function upload({ file, campusId, dryRun }: UploadInput): Promise<LeadImport> {
  const body = new FormData()
  // The gateway passes the file on while it arrives, so what to do with it must come first.
  body.set('options', JSON.stringify({ campusId, dryRun, requestId: uuid() }))
  body.set('file', file)
  const response = await authorizedFetch(new Request('/v1/leads/imports:upload', { method: 'POST', body }))
  await refuseProblem(response)
  return (await response.json()) as LeadImport
}

/** Send a file; the answer is the import that has begun. */
export function useUpload() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: upload,
    onSuccess: (leadImport) => {
      client.setQueryData(['GET /v1/imports/{importId}', leadImport.importId ?? ''], leadImport)
    },
  })
}

interface StartInput {
  importId: string
  /** Header -> field. */
  mapping: Record<string, string>
}

/** Start an import whose file has arrived but whose columns were not all recognised. */
export function useStartImport() {
  return useMutation({
    mutationFn: ({ importId, mapping }: StartInput) => {
      const body = { mapping, requestId: uuid() }
      return unwrap(api.POST('/v1/imports/{importId}:start', { params: { path: { importId } }, body }))
    },
  })
}
