import { expect, test } from 'vitest'
import { readColumnProposal } from '@/features/leads/column-proposal'
import { readProblem } from '@/lib/problem'

const INFO = {
  import_id: 'i1',
  missing: 'child_name,guardian_phone',
  unknown: '["小朋友","怎么联系"]',
  proposal: '{"小朋友":"child_name"}',
}

test('the columns in question and the guess are read out of the problem', () => {
  expect(readColumnProposal(readProblem(422, { reason: 'IMPORT_HEADERS_UNKNOWN', info: INFO }))).toEqual({
    importId: 'i1',
    missing: ['child_name', 'guardian_phone'],
    headers: ['小朋友', '怎么联系'],
    guess: { child_name: '小朋友' },
  })
})

test('any other problem proposes nothing', () => {
  expect(readColumnProposal(readProblem(422, { reason: 'FILE_EMPTY', info: INFO }))).toBeNull()
  expect(readColumnProposal(readProblem(422, { reason: 'IMPORT_HEADERS_UNKNOWN', info: {} }))).toBeNull()
  const broken = { ...INFO, unknown: '[' }
  expect(readColumnProposal(readProblem(422, { reason: 'IMPORT_HEADERS_UNKNOWN', info: broken }))).toBeNull()
})
