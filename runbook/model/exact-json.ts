import type { Json } from './json.ts'

/**
 * A number of JSON as it is written there, where JavaScript's own would be another one, or be written in another way:
 * 9007199254740993, 1.50, 1e400. In a transcript it is this text.
 */
export interface ExactNumber {
  readonly [EXACT_NUMBER]: true
  readonly text: string
  toString(): string
  toJSON(): string
}
/** JSON of which nothing was rounded. */
export type ExactJson =
  | Json
  | bigint
  | ExactNumber
  | readonly ExactJson[]
  | { readonly [key: string]: ExactJson }

/** The mark survives two copies of this module, as where a book is loaded apart from the program. */
const EXACT_NUMBER = Symbol.for('runbook.exact-number')

export const isExactNumber = (value: unknown): value is ExactNumber =>
  typeof value === 'object' && value !== null && EXACT_NUMBER in value

/** A number of JSON, exactly; undefined where the text is none. */
export const numberOf = (text: string): number | ExactNumber | undefined => {
  if (!NUMBER.test(text)) return undefined
  return isKept(text)
    ? Number(text)
    : { [EXACT_NUMBER]: true, text, toString: () => text, toJSON: () => text }
}
const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/
const isKept = (text: string): boolean => String(Number(text)) === text

/**
 * What JSON.parse reads, but that a number which it would round, or write otherwise, is kept as it stands. (From Node 22 on
 * JSON.parse tells the text of a number; Node 20 does not.) Throws a SyntaxError where it is no JSON.
 */
export const readJson = (text: string): ExactJson => {
  const rounded: Json = JSON.parse(text)
  if (!DOUBTFUL.test(text)) return rounded
  const mark = `${crypto.randomUUID()} `
  const marked = outsideStrings(text, (part) =>
    part.replace(/-?\d[\d.eE+-]*/g, (number) => (isKept(number) ? number : `"${mark}${number}"`)),
  )
  if (marked === text) return rounded
  return JSON.parse(marked, (_, value) =>
    typeof value === 'string' && value.startsWith(mark) ? numberOf(value.slice(mark.length)) : value,
  )
}
/** Without any of these every number is kept; most answers are read only once. */
const DOUBTFUL = /[\d.]{16}|\.\d*0(?!\d)|\d[eE]|-0(?![\d.])|0\.0{6}/

/** JSON with what is not within a string replaced. */
const outsideStrings = (text: string, replace: (part: string) => string): string => {
  const parts: string[] = []
  let at = 0
  for (;;) {
    const opens = text.indexOf('"', at)
    parts.push(replace(text.slice(at, opens === -1 ? undefined : opens)))
    if (opens === -1) return parts.join('')
    let closes = text.indexOf('"', opens + 1)
    while (isEscaped(text, closes)) closes = text.indexOf('"', closes + 1)
    at = closes + 1
    parts.push(text.slice(opens, at))
  }
}
const isEscaped = (text: string, at: number): boolean => {
  let before = at
  while (text[before - 1] === '\\') before -= 1
  return (at - before) % 2 === 1
}

/** What JSON.stringify writes, with exact numbers and bigints as numbers. */
export const writeJson = (value: ExactJson): string => {
  const numbers: string[] = []
  const mark = `${crypto.randomUUID()} `
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key, written) {
    const own = this[key]
    if (typeof own !== 'bigint' && !isExactNumber(own)) return written
    numbers.push(String(own))
    return `${mark}${numbers.length - 1}`
  })
  return numbers.length
    ? text.replace(new RegExp(`"${mark}(\\d+)"`, 'g'), (_, i: string) => numbers[Number(i)]!)
    : text
}

/** Whether two numbers are the same, however they are written: 1.50 and 1.5; 2^53 and 2^53 + 1 are not. */
export const isSameNumber = (one: number | bigint | ExactNumber, other: typeof one): boolean =>
  bare(String(one)) === bare(String(other))

/** Its digits without zeros at either end, and the place of the point. */
const bare = (text: string): string => {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? []
  const digits = `${whole}${fraction}`.replace(/0+$/, '')
  const zeros = whole.length + fraction.length - digits.length
  const significant = digits.replace(/^0+/, '')
  return significant ? `${sign}${significant}e${BigInt(exponent) + BigInt(zeros - fraction.length)}` : '0'
}
