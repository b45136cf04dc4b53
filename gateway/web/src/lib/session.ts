import { useSyncExternalStore } from 'react'
import type { components } from '@gen/api'
import { ProblemError, problemOf, readProblem } from '@/lib/problem'
import { preferences, setPreference } from '@/lib/preferences'
import { recall, remember, unlearn } from '@/lib/storage'
import { uuid } from '@/lib/uuid'

export type Session = components['schemas']['Session']

export interface Credentials {
  institutionCode: string
  email: string
  password: string
}

interface Tokens {
  accessToken: string
  /** Milliseconds since the epoch. */
  expiry: number
}

export interface SessionState {
  /** "unknown" until the refresh cookie was tried once. */
  status: 'unknown' | 'signed-out' | 'signed-in'
  session: Session | null
}

// The access token lives in this variable alone: no script of another origin and no later visitor of the browser
// can read it. The refresh token is a cookie that scripts cannot see.
let tokens: Tokens | null = null
let state: SessionState = { status: 'unknown', session: null }
const listeners = new Set<() => void>()
const RENEW_BEFORE_MS = 20_000
const RENEWAL_KEY = 'lianxiao.renewal'

function change(next: SessionState): void {
  state = next
  listeners.forEach((listener) => listener())
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useSession(): SessionState {
  return useSyncExternalStore(subscribe, () => state)
}

/** Throw the problem that a response reports; return otherwise. */
export async function refuseProblem(response: Response): Promise<void> {
  if (response.ok) return
  const body: unknown = await response.json().catch(() => null)
  throw new ProblemError(readProblem(response.status, body))
}

interface TokenAnswer {
  accessToken: string
  expireTime: string
  session?: Session
}

async function post(path: string, body: object, headers: Record<string, string> = {}): Promise<unknown> {
  const response = await fetch(path, {
    method: 'POST',
    // A reload in the middle must not lose the cookie of the answer.
    keepalive: true,
    credentials: 'same-origin',
    headers: {
      'content-type': 'application/json',
      'accept-language': preferences().language,
      ...headers,
    },
    body: JSON.stringify(body),
  })
  await refuseProblem(response)
  return response.status === 204 ? null : response.json()
}

async function keep(answer: TokenAnswer): Promise<void> {
  tokens = { accessToken: answer.accessToken, expiry: Date.parse(answer.expireTime) }
  if (answer.session) change({ status: 'signed-in', session: answer.session })
  else if (state.session === null) await loadSession()
}

async function loadSession(): Promise<void> {
  const response = await fetch('/v1/auth/session', { headers: { authorization: `Bearer ${tokens?.accessToken}` } })
  await refuseProblem(response)
  const { session } = (await response.json()) as components['schemas']['GetSessionResponse']
  change({ status: 'signed-in', session: session ?? null })
}

export async function signIn(credentials: Credentials): Promise<void> {
  await keep((await post('/session/sign-in', credentials)) as TokenAnswer)
  unlearn(RENEWAL_KEY)
  setPreference('staysSignedIn', true)
  channel?.postMessage('signed-in')
}

function forget(): void {
  tokens = null
  setPreference('staysSignedIn', false)
  change({ status: 'signed-out', session: null })
}

export async function signOut(): Promise<void> {
  const token = tokens?.accessToken
  forget()
  channel?.postMessage('signed-out')
  await post('/session/sign-out', {}, token === undefined ? {} : { authorization: `Bearer ${token}` })
}

let renewal: Promise<boolean> | null = null

// A refresh token is good for one use and a second use ends the session, so tabs take turns.
async function inTurn(work: () => Promise<boolean>): Promise<boolean> {
  if (!('locks' in navigator)) return work()
  return await navigator.locks.request('lianxiao.session', work)
}

/** The exchange that is under way; one whose answer a reload lost is asked again by its own name. */
function exchangeId(): string {
  const id = recall(RENEWAL_KEY) ?? uuid()
  remember(RENEWAL_KEY, id)
  return id
}

async function exchange(): Promise<boolean> {
  if (!preferences().staysSignedIn) {
    forget()
    return false
  }
  try {
    const answer = (await post('/session/refresh', {}, { 'idempotency-key': exchangeId() })) as TokenAnswer
    unlearn(RENEWAL_KEY)
    await keep(answer)
    return true
  } catch (error) {
    // Only an answer ends the session; a lost connection leaves it as it is, and the exchange to be asked again.
    const { status } = problemOf(error)
    if (status >= 400 && status < 500 && status !== 429) {
      unlearn(RENEWAL_KEY)
      forget()
    } else if (state.status === 'unknown') throw error
    return false
  }
}

/** Exchange the refresh cookie for an access token; false when nobody is signed in. Calls at one time share the work. */
export function renew(): Promise<boolean> {
  renewal ??= inTurn(exchange).finally(() => {
    renewal = null
  })
  return renewal
}

async function send(request: Request): Promise<Response> {
  const sent = new Request(request.clone())
  sent.headers.set('accept-language', preferences().language)
  if (tokens !== null) sent.headers.set('authorization', `Bearer ${tokens.accessToken}`)
  return fetch(sent)
}

/** fetch with the access token, which is renewed shortly before it ends and once when it is refused. */
export async function authorizedFetch(request: Request): Promise<Response> {
  if (tokens === null || tokens.expiry - Date.now() < RENEW_BEFORE_MS) await renew()
  const response = await send(request)
  if (response.status !== 401 || !(await renew())) return response
  return send(request)
}

const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('lianxiao.session') : null

/** Follow the other tabs: one signs out, all do. */
export function followOtherTabs(): () => void {
  const follow = (message: MessageEvent): void => {
    if (message.data === 'signed-out') forget()
    else if (state.status === 'signed-out') void renew()
  }
  channel?.addEventListener('message', follow)
  return () => channel?.removeEventListener('message', follow)
}
