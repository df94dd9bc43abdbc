import { beginningOf, type ExactJson, isExactNumber, isSameNumber, writeJson } from '../../runbook/index.ts'
import { type Captured, isCaptured } from './captured.ts'

/**
 * What an answer should look like. A literal is compared exactly; an object names the keys that matter, others are
 * not looked at; an array is compared element by element, and has as many. In place of a value may stand
 * `anyString`, `anyNumber`, `anyBoolean`, `matching(/…/)`, `contains(…)`, or `captured('name')`.
 */
export type Shape =
  | null
  | boolean
  | number
  | bigint
  | string
  | Matcher
  | Captured
  | readonly Shape[]
  | { readonly [key: string]: Shape }

/** The mark survives two copies of this module, as where a book is loaded apart from the program. */
const MATCHER = Symbol.for('runbook.matcher')

/** Stands in a shape for values of which not every part is known. */
export interface Matcher {
  readonly [MATCHER]: true
  readonly words: string
  /** The shape that it is made with. */
  readonly inside?: Shape
  differs(value: ExactJson, at: string, known: Values): string | undefined
}
/** Values captured from earlier answers, by name. */
export type Values = Readonly<Record<string, ExactJson>>

const matcher = (words: string, holds: (value: ExactJson) => boolean): Matcher => ({
  [MATCHER]: true,
  words,
  differs: (value, at) => (holds(value) ? undefined : expected(at, words, value)),
})

/** Some text, also an empty one. */
export const anyString: Matcher = matcher('a string', (value) => typeof value === 'string')
export const anyNumber: Matcher = matcher(
  'a number',
  (value) => typeof value === 'number' || isExactNumber(value),
)
export const anyBoolean: Matcher = matcher('true or false', (value) => typeof value === 'boolean')
/** A text that matches an expression. */
export const matching = (expression: RegExp): Matcher => {
  const lasting = new RegExp(expression.source, expression.flags.replace(/[gy]/g, ''))
  return matcher(`a string like ${expression}`, (value) => typeof value === 'string' && lasting.test(value))
}
/** An array with at least one such element, whatever stands beside it. */
export const contains = (element: Shape): Matcher => ({
  [MATCHER]: true,
  words: `an array with ${print(element)} in it`,
  inside: element,
  differs(value, at, known) {
    if (!Array.isArray(value)) return expected(at, this.words, value)
    if (value.some((item) => difference(element, item, known) === undefined)) return undefined
    return `${at}: none of ${value.length} elements is ${print(element)}`
  },
})

export const isMatcher = (value: unknown): value is Matcher =>
  typeof value === 'object' && value !== null && MATCHER in value

/** Where and how an answer is not what was expected; nothing where it is. */
export const difference = (
  shape: Shape,
  value: ExactJson,
  known: Values = {},
  at = 'the answer',
): string | undefined => {
  if (isMatcher(shape)) return shape.differs(value, at, known)
  if (isCaptured(shape)) return differenceOfCaptured(known[shape.captured] ?? null, value, at)
  if (typeof shape !== 'object' || shape === null)
    return isSame(shape, value) ? undefined : expected(at, print(shape), value)
  return Array.isArray(shape)
    ? differenceOfArrays(shape, value, known, at)
    : differenceOfObjects(shape as Keys, value, known, at)
}
/** A number of the book is compared as JavaScript reads the answer; one of an answer, and a bigint, digit for digit. */
const isSame = (shape: null | boolean | number | bigint | string, value: ExactJson): boolean => {
  if (typeof shape === 'number' && isExactNumber(value)) return Number(value.text) === shape
  if (typeof shape === 'bigint') return isNumber(value) && isSameNumber(shape, value)
  return value === shape
}
const differenceOfCaptured = (captured: ExactJson, value: ExactJson, at: string): string | undefined => {
  const same = isNumber(captured) && isNumber(value) ? isSameNumber(captured, value) : captured === value
  return same ? undefined : expected(at, short(writeJson(captured)), value)
}
const isNumber = (value: ExactJson) =>
  typeof value === 'number' || typeof value === 'bigint' || isExactNumber(value)

type Keys = { readonly [key: string]: Shape }

const differenceOfArrays = (shape: readonly Shape[], value: ExactJson, known: Values, at: string) => {
  if (!Array.isArray(value)) return expected(at, print(shape), value)
  if (value.length !== shape.length)
    return `${at}: ${shape.length} elements were expected, ${value.length} came`
  return firstOf(shape.entries(), ([i, item]) => difference(item, value[i], known, `${at}[${i}]`))
}

const differenceOfObjects = (shape: Keys, value: ExactJson, known: Values, at: string) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || isExactNumber(value))
    return expected(at, 'an object', value)
  const object = value as { readonly [key: string]: ExactJson }
  return firstOf(Object.entries(shape), ([key, item]) => {
    const place = at === 'the answer' ? key : `${at}.${key}`
    return Object.hasOwn(object, key)
      ? difference(item, object[key]!, known, place)
      : `${place}: ${print(item)} was expected, nothing came`
  })
}

const firstOf = <T>(items: Iterable<T>, find: (item: T) => string | undefined): string | undefined => {
  for (const item of items) {
    const found = find(item)
    if (found) return found
  }
  return undefined
}

const expected = (at: string, words: string, value: ExactJson): string =>
  `${at}: ${words} was expected, ${short(writeJson(value))} came`

/** A shape as it is written in a book. */
const print = (shape: Shape): string => {
  if (isMatcher(shape)) return shape.words
  if (isCaptured(shape)) return `‹${shape.captured}›`
  if (typeof shape === 'bigint') return `${shape}n`
  if (typeof shape !== 'object' || shape === null) return short(writeJson(shape))
  if (Array.isArray(shape)) return `[${shape.map(print).join(', ')}]`
  return `{ ${Object.entries(shape)
    .map(([key, item]) => `${key}: ${print(item)}`)
    .join(', ')} }`
}

const short = (text: string): string => beginningOf(text, 120, '…')

/** An answer as evidence, without what stands in it: 'an object with id, name', 'an array of 3'. */
export const outline = (value: ExactJson): string => {
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (typeof value !== 'object' || value === null || isExactNumber(value)) return short(writeJson(value))
  const keys = Object.keys(value)
  return keys.length ? `an object with ${keys.slice(0, 7).join(', ')}${keys.length > 7 ? ', …' : ''}` : '{}'
}
