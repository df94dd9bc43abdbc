import { type Arbitrary, array, assert, constantFrom, property, string } from 'fast-check'
import { expect, test } from 'vitest'
import { visible, visibleIn } from '../../runbook/render/visible.ts'

test.each([
  ['colours', '\u001b[1;31mred\u001b[0m', 'red'],
  ['a cursor that moves up and clears the line', 'kept\n\u001b[1A\u001b[2Khidden', 'kept\nhidden'],
  ['a cleared screen', '\u001b[2J\u001b[Hfirst', 'first'],
  ['a title, ended by BEL', '\u001b]0;my own title\u0007text', 'text'],
  ['a title, ended by ST', '\u001b]2;my own title\u001b\\text', 'text'],
  ['a link', '\u001b]8;;http://a.example/b?c=d e\u0007here\u001b]8;;\u0007', 'here'],
  ['a device control string', '\u001bPq#0;2;0~~\u001b\\text', 'text'],
  ['sequences in C1', '\u009b31mred\u009b0m\u009d0;my title\u009c', 'red'],
  [
    'a title that never ends hides nothing on the next line',
    '\u001b]0;x\nnext',
    expect.stringMatching(/\nnext$/),
  ],
  ['a lone escape', 'a\u001b', 'a�'],
  ['other controls', 'a\u0000b\u0007c\u0008d\u007fe\u0085f', 'a�b�c�d�e�f'],
  ['overrides of the direction', 'a\u202eexe.txt\u2066b\u2069\u200f\u061c', 'a�exe.txt�b���'],
  ['what has no width', 'a\u200bb\u2060c\ufeffd\u00ade\u200df', 'a�b�c�d�e�f'],
  ['separators that look like a space', 'a\u2028b\u2029c', 'a�b�c'],
  ['tags', 'a\u{e0041}b', 'a�b'],
  ['variation selectors that change nothing', 'a\ufe0fb', 'a�b'],
  [
    'what Persian and keycaps need',
    'می\u200cخواهم 1\ufe0f\u20e3 ✔\ufe0f',
    'می\u200cخواهم 1\ufe0f\u20e3 ✔\ufe0f',
  ],
  ['tabs and lines are kept', 'a\tb\nc\n', 'a\tb\nc\n'],
  ['other scripts, emoji', 'Größe 😀 日本 👩‍🚀', 'Größe 😀 日本 👩‍🚀'],
  ['a progress bar', '10%\r50%\r100%\ndone', '100%\ndone'],
  ['a progress bar that is not at its end', '10%\r50%\r', '50%'],
  ['a bar that clears its line', '10%\r\u001b[K50%\r\u001b[K', '50%'],
  ['lines of Windows', 'a\r\nb\r\n', 'a\nb\n'],
  ['lines of Windows, through a terminal', 'a\r\r\nb', 'a\nb'],
  ['only carriage returns', '\r\r\n\r', '\n'],
])('%s', (_, text, shown) => {
  expect(visible(text)).toEqual(shown)
})

test('bytes that are no UTF-8 are seen as such', () => {
  expect(visible(Buffer.from([0x61, 0xff, 0xc3, 0x28]).toString())).toBe('a��(')
})

test('whatever comes, nothing is left that a terminal obeys, and once is enough', () => {
  const pieces: Arbitrary<string> = array(
    constantFrom(
      '\u001b',
      '[',
      ']',
      '0;',
      'm',
      '\u009b',
      '\u009d',
      '\u0007',
      '\\',
      '\r',
      '\n',
      'P',
      '31',
      'text',
      '\u202e',
    ),
  ).map((parts) => parts.join(''))
  const holds = (text: string) => {
    const shown = visible(text)
    expect(shown).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/)
    expect(visible(shown)).toBe(shown)
  }
  assert(property(pieces, holds), { numRuns: 1000 })
  assert(property(string({ unit: 'binary' }), holds))
})

test.each([
  ['a line without an end', 'a'],
  ['escapes', '\u001b['],
  ['titles that never end', '\u001b]0;a'],
  ['titles in C1', '\u009d'],
  ['parameters', ';a'],
  ['carriage returns', '\r'],
])('a megabyte of %s does not hold a deployment up', (_, piece) => {
  const text = `\u001b]${piece.repeat(1_000_000 / piece.length)}`
  const began = performance.now()
  visible(text)
  expect(performance.now() - began).toBeLessThan(60_000)
})

test('in a value every string is made visible, and nothing else is changed', () => {
  const value = { a: ['\u001b[1mb', 1, null, true], c: { d: 'e\u0000' }, f: undefined }
  expect(visibleIn(value)).toStrictEqual({ a: ['b', 1, null, true], c: { d: 'e�' }, f: undefined })
})
