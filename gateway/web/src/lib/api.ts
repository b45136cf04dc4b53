import createClient from 'openapi-fetch'
import type { components, paths } from '@gen/api'
import { ProblemError, readProblem } from '@/lib/problem'
import { authorizedFetch } from '@/lib/session'

export type Schemas = components['schemas']

/** The gateway, typed from its own OpenAPI document. */
export const api = createClient<paths>({ baseUrl: location.origin, fetch: authorizedFetch })

interface Answer<T> {
  data?: T
  error?: unknown
  response: Response
}

/** The body of a successful answer; anything else is thrown as a ProblemError. */
export async function unwrap<T>(call: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await call
  if (!response.ok || data === undefined) {
    throw new ProblemError(readProblem(response.status, error))
  }
  return data
}
