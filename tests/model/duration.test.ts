import { expect, test } from 'vitest'
import { duration } from '../../runbook/model/duration.ts'

test.each([
  [0, '0 ms'],
  [84.4, '84 ms'],
  [999.4, '999 ms'],
  [999.5, '1.0 s'],
  [3149, '3.1 s'],
  [59_949, '59.9 s'],
  [59_950, '1 min 00 s'],
  [125_000, '2 min 05 s'],
  [3_599_600, '60 min 00 s'],
])('%d ms', (ms, text) => expect(duration(ms)).toBe(text))
