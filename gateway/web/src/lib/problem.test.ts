import { expect, test } from 'vitest'
import { ProblemError, headlineKey, problemOf, readProblem } from '@/lib/problem'

const REFUSAL = {
  type: 'about:blank',
  title: 'Conflict',
  status: 409,
  reason: 'LEAD_CLOSED',
  detail: '线索已关闭',
  info: { stage: 'LOST', attempts: 3 },
  trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  retryable: false,
}

test('a problem document keeps its reason, sentence, facts and trace id', () => {
  expect(readProblem(409, REFUSAL)).toEqual({
    status: 409,
    reason: 'LEAD_CLOSED',
    detail: '线索已关闭',
    info: { stage: 'LOST', attempts: '3' },
    fields: [],
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    retryable: false,
  })
})

test('every wrong field is named', () => {
  const body = { reason: 'INVALID_FIELD', violations: [{ field: 'content', message: '不能为空' }] }
  expect(readProblem(422, body).fields).toEqual([{ field: 'content', message: '不能为空' }])
})

test('an answer that is no problem document still makes a problem', () => {
  const problem = readProblem(502, '<html>Bad Gateway</html>')
  expect(problem).toMatchObject({ status: 502, reason: '', detail: '', traceId: '', retryable: true })
  expect(headlineKey(problem)).toBe('problem.internal')
})

test.each([
  [403, 'problem.notAllowed'],
  [404, 'problem.notFound'],
  [409, 'problem.refused'],
  [422, 'problem.invalid'],
  [429, 'problem.tooMany'],
  [500, 'problem.internal'],
  [503, 'problem.unavailable'],
])('status %i has the headline %s', (status, key) => {
  expect(headlineKey(readProblem(status, {}))).toBe(key)
})

test('a call without an answer is offline and may be made again', () => {
  const problem = problemOf(new TypeError('Failed to fetch'))
  expect(headlineKey(problem)).toBe('problem.offline')
  expect(problem.retryable).toBe(true)
})

test('the gateway says whether a call may be made again', () => {
  expect(problemOf(new ProblemError(readProblem(409, REFUSAL))).retryable).toBe(false)
  expect(readProblem(409, { retryable: true }).retryable).toBe(true)
})
