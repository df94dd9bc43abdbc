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

test('of a large text only what is near to what is shown is looked at, unless hardly anything else is in it', () => {
  let looked = 0
  ends = hideWith((text) => {
    looked += text.length
    return redactor.text(text)
  })
  const secret = 'tok_HALFcutSECRETvalue99'
  const large = 'line of a log\n'.repeat(400_000)
  expect(endOf(`${large}${secret} last`, 100)).toMatch(/‹secret TOKEN› last$/)
  expect(beginningOf(`first ${secret}${large}`, 100)).toMatch(/^first ‹secret TOKEN›/)
  expect(looked).toBeLessThan(large.length / 2)
  for (const extra of ['', 'x', 'yy', 'zzz']) {
    const many = extra + secret.repeat(100_000) + extra
    expect(endOf(many, 2_000_000) + beginningOf(many, 2_000_000)).not.toMatch(/HALF|cut|SECRETv|value/)
  }
})
