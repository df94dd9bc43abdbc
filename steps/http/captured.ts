import { type ExactJson, type ExactNumber, isExactNumber, numberOf, unmet } from '../../runbook/index.ts'

const CAPTURED = Symbol.for('runbook.captured')

/** A value from an earlier answer, in a request's JSON or in an expectation. */
export interface Captured {
  readonly [CAPTURED]: true
  readonly captured: string
  readonly as: 'string' | 'number'
}
/** JSON to send, with captured values in it. */
export type Body =
  | null
  | boolean
  | number
  | bigint
  | string
  | Captured
  | readonly Body[]
  | { readonly [key: string]: Body }

/**
 * The value captured under a name. In a request's JSON it is sent as a string, unless it is to be a number; either way as
 * it stood in the answer, digit for digit.
 */
export const captured = (name: string, as: Captured['as'] = 'string'): Captured => ({
  [CAPTURED]: true,
  captured: name,
  as,
})

export const isCaptured = (value: unknown): value is Captured =>
  typeof value === 'object' && value !== null && CAPTURED in value

/** Where in an answer a value is; `secret`: nobody sees it from then on. */
export type Capture = string | { readonly at: string; readonly secret: true }
export const pathOf = (capture: Capture): string => (typeof capture === 'string' ? capture : capture.at)

/** The names in braces of headers: `Bearer {token}`. */
export const holesOfHeaders = (headers: Readonly<Record<string, unknown>> = {}): string[] =>
  Object.values(headers).flatMap((header) =>
    typeof header === 'string' ? [...header.matchAll(HOLE)].map(([, name]) => name!) : [],
  )
const HOLE = /\{(\w+)\}/g

export const fillHeaders = <T>(
  headers: Readonly<Record<string, T | string>>,
  values: Readonly<Record<string, string>>,
): Record<string, T | string> =>
  Object.fromEntries(
    Object.entries(headers).map(([key, header]) => [
      key,
      typeof header === 'string'
        ? header.replace(HOLE, (hole, name: string) => {
            const value = values[name] ?? hole
            return isPlaceholder(value, name) ? value : inHeader(value, name, key)
          })
        : header,
    ]),
  )

/** fetch would trim it, or write it in another charset than it came in. */
const inHeader = (value: string, name: string, header: string): string => {
  if (/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)) return value
  throw unmet(
    `{${name}} can be sent in the header ${header}`,
    'it has a space at an end, or characters that are not ASCII, of which a header keeps none as it is',
    `send it in the JSON: captured('${name}')`,
  )
}

/** The names in braces of an address: `/projects/{projectId}`. */
export const holesOfUrl = (url: string): string[] =>
  [...url.matchAll(/\{([^{}]*)\}/g)].map(([, name]) => name!)

/** The names of captured values in a body or an expectation. */
export const holesOfBody = (body: unknown): string[] => {
  if (isCaptured(body)) return [body.captured]
  return typeof body === 'object' && body !== null ? Object.values(body).flatMap(holesOfBody) : []
}

/** An address with its holes filled; a captured value cannot lead to another place. */
export const fillUrl = (url: string, values: Readonly<Record<string, string>>): string =>
  url.replace(/\{([^{}]*)\}/g, (hole, name: string) => {
    const value = values[name] ?? hole
    return isPlaceholder(value, name) ? value : inUrl(value, name)
  })

const inUrl = (value: string, name: string): string => {
  // Half of a pair of UTF-16, which JSON can have and UTF-8 cannot.
  if (isWellFormed(value)) return encodeURIComponent(value)
  throw unmet(
    `{${name}} can be sent in an address`,
    'it has half a character in it, which no address can say',
    `send it in the JSON: captured('${name}')`,
  )
}
const isWellFormed = (text: string): boolean => !/\p{Surrogate}/u.test(text)

export const fillBody = (body: Body, values: Readonly<Record<string, string>>): ExactJson => {
  if (isCaptured(body)) {
    const value = values[body.captured] ?? ''
    return body.as === 'number' && !isPlaceholder(value, body.captured)
      ? asNumber(value, body.captured)
      : value
  }
  if (Array.isArray(body)) return body.map((item) => fillBody(item, values))
  if (typeof body !== 'object' || body === null) return body as ExactJson
  return Object.fromEntries(Object.entries(body).map(([key, item]) => [key, fillBody(item, values)]))
}

const asNumber = (value: string, name: string): number | ExactNumber => {
  const number = numberOf(value)
  if (number !== undefined) return number
  throw unmet(
    `captured('${name}', 'number') is a number`,
    'the answer had a text that is none',
    `send it as the text that it is: captured('${name}')`,
  )
}

/** In a plan a hole is filled with its own name: ‹projectId›. */
const isPlaceholder = (value: string, name: string): boolean => value === `‹${name}›`

/** The value at a path such as `id`, `data.items.0.id`; undefined where there is none. */
export const valueAt = (value: ExactJson, path: string): ExactJson | undefined => {
  let at: ExactJson | undefined = value
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || isExactNumber(at) || !Object.hasOwn(at, key))
      return undefined
    at = (at as { readonly [key: string]: ExactJson })[key]
  }
  return at
}

/** What can be part of an address: not nothing, and not a way to the folder above. */
export const canBeCaptured = (value: ExactJson | undefined): value is string | number | ExactNumber =>
  typeof value === 'number' ||
  isExactNumber(value) ||
  (typeof value === 'string' && !['', '.', '..'].includes(value))
