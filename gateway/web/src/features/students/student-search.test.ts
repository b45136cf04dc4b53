import { describe, expect, it } from 'vitest'
import { filterOf, isFiltered, readSearch, writeSearch } from '@/features/students/student-search'

describe('student search', () => {
  it('survives the way through the address', () => {
    const search = { search: '王梓', state: 'STUDENT_STATE_PAUSED', campus: 'c1', owner: '', tag: 't', page: 'p' }
    expect(readSearch(writeSearch(search))).toEqual(search)
  })

  it('is no filter when only the page is turned', () => {
    expect(isFiltered(readSearch(new URLSearchParams('page=x')))).toBe(false)
    expect(isFiltered(readSearch(new URLSearchParams('tag=x')))).toBe(true)
  })

  it('names states as the service does', () => {
    const search = readSearch(new URLSearchParams('state=STUDENT_STATE_PAUSED&owner=o1'))
    expect(filterOf(search)).toBe('state = "paused" AND owner_id = "o1"')
  })
})
