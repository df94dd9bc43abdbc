import { afterEach, expect, test } from 'vitest'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { beginningOf, endOf, hidden, hideWith } from '../../runbook/model/hidden.ts'

const redactor = new Redactor()
redactor.learn('TOKEN', 'tok_HALFcutSECRETvalue99')
let ends: () => void = () => {}
afterEach(() => ends())

test('what a text is cut to has no half of a secret, at either end', () => {
  ends = hideWith((text) => redactor.text(text))
  const text = `${'y'.repeat(40)}tok_HALFcutSECRETvalue99${'z'.repeat(40)}`
  for (let most = 1; most < text.length; most++) {
    expect(beginningOf(text, most)).not.toMatch(/to?k?_?H|tok/)
    expect(endOf(text, most)).not.toMatch(/99z|e9/)
  }
})

test('what is short enough stays, and half a character is none', () => {
  expect(beginningOf('abc', 3)).toBe('abc')
  expect(beginningOf('abcd', 3)).toBe('abc …')
  expect(beginningOf('ab😀d', 3, '')).toBe('ab')
  expect(endOf('a😀bc', 3)).toBe('bc')
  expect(endOf('abcd', 3, '…')).toBe('…bcd')
})

test('nobody hides any more once it was ended', () => {
  hideWith(() => '')()
  expect(hidden('as it is')).toBe('as it is')
})
