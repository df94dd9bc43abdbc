import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type ExactJson,
  isSameNumber,
  numberOf,
  readJson,
  writeJson,
} from '../../runbook/model/exact-json.ts'

/** Numbers as JSON may write them. */
const digits = (min: number, max: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: min, maxLength: max })
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits(1, 25).map((text) => text.replace(/^0+(?=\d)/, '')),
    fc.option(digits(1, 25)),
    fc.option(fc.tuple(fc.constantFrom('e', 'E', 'e+', 'e-'), digits(1, 3))),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent ? exponent.join('') : ''}`,
  )

describe('JSON, digit for digit', () => {
  it('keeps every number as it is written, wherever it stands', () => {
    fc.assert(
      fc.property(fc.array(number), fc.string(), (numbers, text) => {
        const json = `{"n":[${numbers.join(',')}],${JSON.stringify(`of ${text}`)}:${JSON.stringify(text)}}`
        expect(writeJson(readJson(json))).toBe(json)
      }),
    )
  })

  it('is what JSON.parse reads, but for such numbers', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(JSON.parse(writeJson(readJson(json)))).toEqual(JSON.parse(json))
      }),
    )
  })

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '12345678901234567890123',
    '1.10',
    '1.0',
    '0.1000000000000000055511151231257827',
    '-0',
    '1e400',
    '1E5',
    '0.0000001',
    '123456789.123456789',
  ])('%s stays, where JavaScript would write another', (text) => {
    expect(JSON.stringify(JSON.parse(text))).not.toBe(text)
    expect(writeJson(readJson(`[${text}, "${text}"]`))).toBe(`[${text},"${text}"]`)
  })

  it.each(['5', '-17', '0', '1.5', '9007199254740991', '"9007199254740993"', '"1.0 \\" 2.0 \\\\"', 'null'])(
    '%s is read as ever',
    (text) => {
      expect(readJson(text)).toEqual(JSON.parse(text))
    },
  )

  it('takes nothing in a text for a number, and no number for a text', () => {
    const json = String.raw`{"a\"9007199254740993":"\\","b":9007199254740993,"c":"\\\"1.0"}`
    expect(writeJson(readJson(json))).toBe(json)
  })

  it.each(['', '01', '1.', '{"a":9007199254740993', '[9007199254740993,]', '0x10', 'NaN'])(
    '%j is no JSON',
    (text) => {
      expect(() => readJson(text)).toThrow(SyntaxError)
    },
  )

  it('writes bigints as numbers, and reads many numbers in little time', () => {
    expect(writeJson({ id: 9007199254740993n, list: [1n, 2.5] } as ExactJson)).toBe(
      '{"id":9007199254740993,"list":[1,2.5]}',
    )
    const large = `[${Array.from({ length: 200_000 }, (_, i) => `{"id":90071992547409${i},"words":"a \\"b\\""}`).join(',')}]`
    const began = performance.now()
    expect(writeJson(readJson(large))).toBe(large)
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('numbers', () => {
  it.each(['007', '0x10', '', ' 5', '5 ', '1_000', 'Infinity', '1.', '.5', '+1', '5n'])(
    '%j is none of JSON',
    (text) => {
      expect(numberOf(text)).toBeUndefined()
    },
  )

  it.each<[string, string, boolean]>([
    ['1.50', '1.5', true],
    ['1e3', '1000', true],
    ['100', '1E2', true],
    ['-0', '0', true],
    ['0.10', '1e-1', true],
    ['9007199254740993', '9007199254740992', false],
    ['1', '-1', false],
    ['10', '1', false],
    ['0.1', '0.01', false],
  ])('%s and %s: the same is %s', (one, other, same) => {
    expect(isSameNumber(numberOf(one)!, numberOf(other)!)).toBe(same)
  })
})
