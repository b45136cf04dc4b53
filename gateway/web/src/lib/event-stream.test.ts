import { expect, test } from 'vitest'
import { EventStreamParser } from '@/lib/event-stream'

const STREAM = ': hello\n\nevent: lead.lead_assigned.v1\nid: 7\ndata: {"leadId":"a"}\n\ndata: one\ndata: two\n\n'
const EVENTS = [
  { type: 'lead.lead_assigned.v1', id: '7', data: '{"leadId":"a"}' },
  { type: 'message', id: '7', data: 'one\ntwo' },
]

test('a stream gives its events; comments give none', () => {
  expect(new EventStreamParser().push(STREAM)).toEqual(EVENTS)
})

test('the same events come out wherever the stream is cut, with either line end', () => {
  for (const stream of [STREAM, STREAM.replaceAll('\n', '\r\n')]) {
    for (let cut = 1; cut < stream.length; cut++) {
      const parser = new EventStreamParser()
      expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))]).toEqual(EVENTS)
    }
  }
})
