import { expect, test } from 'vitest'
import { bytes, few, quantity } from '../../runbook/model/quantity.ts'

test.each([
  [0, '0 rows'],
  [1, '1 row'],
  [2, '2 rows'],
  [40_218, '40,218 rows'],
])('%d row', (count, text) => expect(quantity(count, 'row')).toBe(text))

test('a plural of its own', () => {
  expect(quantity(2, 'entry', 'entries')).toBe('2 entries')
  expect(quantity(1, 'entry', 'entries')).toBe('1 entry')
})

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [999, '999 bytes'],
  [1000, '1.0 kB'],
  [99_949, '99.9 kB'],
  [99_950, '100 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [14_200_000, '14.2 MB'],
  [9e14, '900 TB'],
  [9e15, '9000 TB'],
])('%d bytes', (size, text) => expect(bytes(size)).toBe(text))

test('a few of many', () => {
  expect(few(['a', 'b'], 2)).toBe('a, b')
  expect(few(['a', 'b', 'c', 'd'], 2, '; ')).toBe('a; b and 2 more')
})
