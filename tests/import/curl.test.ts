import { expect, test } from 'vitest'
import { requestOf } from '../../runbook/import/curl.ts'
import { literal, type Value } from '../../runbook/import/literal.ts'

const book = (json: string): string | undefined => {
  const words = ['curl', '-X', 'POST', 'http://a.example/x', '-d', json]
  const read = requestOf({ words } as unknown as Parameters<typeof requestOf>[0], '')
  const [request] = (read?.options.requests ?? []) as { json: Value }[]
  return request && literal(request.json)
}

test.each([
  ['{"id": 9007199254740993, "price": 1.50, "n": 5}', '{ id: 9007199254740993n, price: 1.5, n: 5 }'],
  ['[-18446744073709551615]', '[-18446744073709551615n]'],
  ['{"a": "1.50"}', "{ a: '1.50' }"],
])('%s is sent as the page has it', (json, expected) => {
  expect(book(json)).toBe(expected)
})

test('what no number of a book can say stays a block', () => {
  expect(book('{"rate": 0.1000000000000000055511151231257827}')).toBeUndefined()
})
