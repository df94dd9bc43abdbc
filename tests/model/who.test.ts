import { expect, test } from 'vitest'
import { isSameName } from '../../runbook/model/who.ts'

test.each([
  ['root', 'root.'],
  ['root', 'root@vm'],
  ['root', 'root <root@example.com>'],
  ['root', 'Root'],
  ['root', 'rооt'],
  ['root', 'ro\u200bot'],
  ['root', 'r0ot'],
  ['root', 'r-o-o-t'.replaceAll('-', '\u00ad')],
  ['Ada Lovelace', 'Lovelace, Ada'],
  ['Ada Lovelace', 'ada  LOVELACE (on leave)'],
  ['Ada Lovelace', 'Αda Lоvеlасе'],
  ['ada.lovelace', 'Ada Lovelace'],
  ['Zoë', 'Zoe'],
])('%s is %s', (one, other) => {
  expect([isSameName(one, other), isSameName(other, one)]).toEqual([true, true])
})
test.each([
  ['root', 'Grace'],
  ['Ada Lovelace', 'Ada'],
  ['Ada Lovelace', 'Ada Byron <ada@example.com>'],
  ['Анна', 'Инна'],
  ['deploy1', 'deploy2'],
  ['王芳', '李芳'],
])('%s is not %s', (one, other) => {
  expect([isSameName(one, other), isSameName(other, one)]).toEqual([false, false])
})
