import type { TextKey } from '@/locales/keys'

/** One wrong field of a request, named as in the JSON that was sent. */
export interface FieldViolation {
  field: string
  message: string
}

/** What the gateway answers instead of a result (RFC 9457), or what became of a call that got no answer. */
export interface Problem {
  /** 0 when no answer came at all. */
  status: number
  /** Stable code such as LEAD_CLOSED; empty when the answer named none. */
  reason: string
  /** A sentence in the language that was asked for; empty when there is none. */
  detail: string
  info: Readonly<Record<string, string>>
  fields: readonly FieldViolation[]
  traceId: string
  /** Whether the same call may succeed when it is made again. */
  retryable: boolean
}

export class ProblemError extends Error {
  constructor(readonly problem: Problem) {
    super(`${problem.status} ${problem.reason}`)
    this.name = 'ProblemError'
  }
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

/** Read a problem document; anything else that an intermediary may answer becomes a problem without a reason. */
export function readProblem(status: number, body: unknown): Problem {
  const document = record(body)
  const violations = Array.isArray(document['violations']) ? document['violations'].map(record) : []
  return {
    status,
    reason: text(document['reason']),
    detail: text(document['detail']) || text(document['title']),
    info: Object.fromEntries(Object.entries(record(document['info'])).map(([key, value]) => [key, String(value)])),
    fields: violations.map((each) => ({ field: text(each['field']), message: text(each['message']) })),
    traceId: text(document['trace_id']),
    retryable: typeof document['retryable'] === 'boolean' ? document['retryable'] : status >= 500,
  }
}

/** The problem behind anything that a query or a mutation may throw. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ProblemError) return error.problem
  return { status: 0, reason: '', detail: '', info: {}, fields: [], traceId: '', retryable: true }
}

const BY_STATUS: Readonly<Record<number, TextKey>> = {
  0: 'problem.offline',
  401: 'problem.signedOut',
  403: 'problem.notAllowed',
  404: 'problem.notFound',
  413: 'problem.tooLarge',
  422: 'problem.invalid',
  429: 'problem.tooMany',
  503: 'problem.unavailable',
}

/** The headline of a problem by its kind; what exactly is wrong stands in its detail. */
export function headlineKey(problem: Problem): TextKey {
  return BY_STATUS[problem.status] ?? (problem.status >= 500 ? 'problem.internal' : 'problem.refused')
}
