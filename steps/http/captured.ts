import type { Json } from '../../runbook/index.ts'

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
  | string
  | Captured
  | readonly Body[]
  | { readonly [key: string]: Body }

/** The value captured under a name. In a request's JSON it is sent as a string, unless it is to be a number. */
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
        ? header.replace(HOLE, (hole, name: string) => values[name] ?? hole)
        : header,
    ]),
  )

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
    return isPlaceholder(value) ? value : encodeURIComponent(value)
  })

export const fillBody = (body: Body, values: Readonly<Record<string, string>>): Json => {
  if (isCaptured(body)) {
    const value = values[body.captured] ?? ''
    return body.as === 'number' && !isPlaceholder(value) ? Number(value) : value
  }
  if (Array.isArray(body)) return body.map((item) => fillBody(item, values))
  if (typeof body !== 'object' || body === null) return body as Json
  return Object.fromEntries(Object.entries(body).map(([key, item]) => [key, fillBody(item, values)]))
}

/** In a plan a hole is filled with its own name: ‹projectId›. */
const isPlaceholder = (value: string): boolean => /^‹.*›$/.test(value)

/** The value at a path such as `id`, `data.items.0.id`; undefined where there is none. */
export const valueAt = (value: Json, path: string): Json | undefined => {
  let at: Json | undefined = value
  for (const key of path.split('.')) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined
    at = (at as { readonly [key: string]: Json })[key]
  }
  return at
}

/** What can be part of an address: not nothing, and not a way to the folder above. */
export const canBeCaptured = (value: Json | undefined): value is string | number =>
  typeof value === 'number' || (typeof value === 'string' && !['', '.', '..'].includes(value))
