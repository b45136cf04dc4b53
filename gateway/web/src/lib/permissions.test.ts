import { expect, test } from 'vitest'
import { can, canInChain } from '@/lib/permissions'

test.each([
  [['*'], 'lead.assign', true],
  [['lead.*'], 'lead.assign', true],
  [['lead.*'], 'lead_import.create', false],
  [['*.read'], 'lead.read', true],
  [['lead.read'], 'leadxread', false],
  [[], 'lead.read', false],
])('%j allows %s: %s', (permissions, permission, allowed) => {
  expect(can({ permissions }, permission)).toBe(allowed)
})

test('nobody may do anything', () => {
  expect(can(null, 'lead.read')).toBe(false)
})

test('a grant for some campuses does not hold in the chain', () => {
  expect(canInChain({ grants: [{ permissions: ['lead.*'], campusIds: ['a'] }] }, 'lead.read')).toBe(false)
  expect(canInChain({ grants: [{ permissions: ['lead.*'] }] }, 'lead.read')).toBe(true)
  expect(canInChain({ grants: [{ permissions: ['org.*'] }] }, 'lead.read')).toBe(false)
})
