import { z } from 'zod'
import {
  type ExactJson,
  type ExactNumber,
  given,
  headerHoldsSecret,
  holdsSecret,
  type Planned,
  type Reply,
  type Request,
  readJson,
  type Text,
} from '../../runbook/index.ts'
import type { Shape } from './answer-shape.ts'
import {
  type Body,
  type Capture,
  canBeCaptured,
  fillBody,
  fillHeaders,
  fillUrl,
  holesOfBody,
  holesOfHeaders,
  holesOfUrl,
  pathOf,
  valueAt,
} from './captured.ts'

/** What signs in stands in no plan. */
const IN_HEADERS =
  "an address without a user, a password or a token: give them in `headers`, { authorization: secret('NAME') }"

/** Headers, which may hold secrets. */
export const headersOption = z
  .record(
    z.string(),
    z.custom<Text>(
      (value) =>
        typeof value === 'string' || ['secret', 'template'].includes((value as { kind: string })?.kind),
      'a string, secret(…), or text`…`',
    ),
  )
  .superRefine((headers, context) => {
    for (const [name, value] of Object.entries(headers))
      if (typeof value === 'string' && headerHoldsSecret(name, value))
        context.addIssue({
          code: 'custom',
          path: [name],
          message: "what signs in as secret('NAME'), or text`Bearer ${secret('NAME')}`",
        })
  })
const isJson = (value: unknown): boolean =>
  value !== undefined && typeof value !== 'function' && !(value instanceof RegExp) && !(value instanceof Date)

/** A number that may not be what the book says: 9007199254740993 is read as 9007199254740992. */
const roundedIn = (value: unknown, within: readonly unknown[] = []): number | undefined => {
  if (typeof value === 'number') return isKept(value) ? undefined : value
  if (typeof value !== 'object' || value === null || within.includes(value)) return undefined
  for (const item of Object.values(value)) {
    const rounded = roundedIn(item, [...within, value])
    if (rounded !== undefined) return rounded
  }
  return undefined
}
const isKept = (value: number): boolean =>
  Number.isSafeInteger(value) || (Number.isFinite(value) && !Number.isInteger(value))

/** JSON as a book writes it, in which every number is the one that stands there. */
const exact = <Value>(kind: string) =>
  z.custom<Value>(isJson, kind).superRefine((value, context) => {
    const number = roundedIn(value)
    if (number === undefined) return
    const message = Number.isFinite(number)
      ? `numbers that JavaScript keeps: ${number} may stand for another; write it with an n behind it, as a bigint`
      : `numbers of JSON, and ${number} is none`
    context.addIssue({ code: 'custom', message })
  })
const statuses = z.union([z.number().int(), z.array(z.number().int()).min(1)])

/** A request as a book writes it, and what must come back. */
export const requestOptions = z.strictObject({
  /** What it does: 'create a project'. */
  name: z.string().min(1).describe('what it does, such as `create a project`'),
  /** Default: GET. */
  method: z
    .enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
    .default('GET')
    .describe('GET, HEAD, POST, PUT, PATCH or DELETE'),
  /** A path below `app.url`, or a whole address; `{name}` stands for a captured value. */
  url: z
    .string()
    .regex(/^(\/|https?:\/\/)/, 'a path that begins with /, or a whole address')
    .refine((url) => !holdsSecret(url), IN_HEADERS)
    .describe('a path below app.url, or a whole address; {name} stands for a captured value'),
  headers: headersOption
    .optional()
    .describe('beside those of the step; {name} in a string stands for a captured value'),
  /** The body; `captured('name')` stands for a captured value. */
  json: exact<Body>('JSON').optional().describe('the body; captured(…) stands for a captured value'),
  /** What must come back. */
  expect: z
    .strictObject({
      /** Default: 200. */
      status: statuses.optional().describe('one status, or several that are all well'),
      /** The shape of the JSON answer. */
      json: exact<Shape>('a shape').optional().describe('the shape of the JSON answer'),
      /** Latency budget in ms, measured on a connection that is open already. */
      within: z.number().positive().optional().describe('the most it may take, in ms, on an open connection'),
    })
    .default({})
    .describe('what must come back; default: status 200'),
  /** Names for values of the answer: `{ projectId: 'id' }`, `{ first: 'items.0.id' }`. */
  capture: z
    .record(
      z.string().regex(/^\w+$/, 'letters, digits and _'),
      z.union(
        [z.string().min(1), z.strictObject({ at: z.string().min(1), secret: z.literal(true) })],
        'a path, or { at: path, secret: true }',
      ),
    )
    .default({})
    .describe(
      'names for values of the JSON answer, each with its path: { projectId: `id` }; what nobody may see: { token: { at: `token`, secret: true } }',
    ),
})
export type HttpRequest = z.output<typeof requestOptions>

export const isIdempotent = ({ method }: HttpRequest): boolean => method === 'GET' || method === 'HEAD'

/** The names of the captured values that a request needs. */
export const holesOf = ({ url, headers, json, expect }: HttpRequest): string[] => [
  ...new Set([
    ...holesOfUrl(url),
    ...holesOfHeaders(headers),
    ...holesOfBody(json),
    ...holesOfBody(expect.json),
  ]),
]

/** Whether its answer's JSON counts. */
const isRead = ({ expect, capture }: HttpRequest): boolean =>
  expect.json !== undefined || Object.keys(capture).length > 0

/** The request as an action, with a hole for each captured value. */
export const actionOf = (
  request: HttpRequest,
  { headers, timeout }: { headers: Record<string, Text>; timeout: number },
): Planned => {
  const { method, url, json } = request
  const fill = (values: Readonly<Record<string, string>>): Request => ({
    kind: 'request',
    effect: isIdempotent(request) ? 'reads' : 'changes',
    method,
    url: fillUrl(url, values),
    timeout,
    ...(isRead(request) && { whole: true as const }),
    // The step itself knows what may be sent again.
    retry: { tries: 1, pause: 0, on: [] },
    ...(Object.keys(request.capture).length && {
      hides: (reply: Reply) => hiddenIn(reply, request),
      captures: (reply: Reply) => shownIn(reply, request),
    }),
    headers: { ...headers, ...fillHeaders(request.headers ?? {}, values) },
    ...(json !== undefined && { json: fillBody(json, values) }),
  })
  const holes = [...new Set([...holesOfUrl(url), ...holesOfHeaders(request.headers), ...holesOfBody(json)])]
  return holes.length ? given(holes, fill) : fill({})
}

/** What is captured of an answer, as far as it is there and of use. */
export const capturedFrom = (
  reply: Reply,
  { capture }: Pick<HttpRequest, 'capture'>,
): Record<string, string | number | ExactNumber> => {
  const { status, unread } = reply
  const answer = Object.keys(capture).length ? jsonOf(reply) : undefined
  if (answer === undefined || status >= 400) return {}
  return Object.fromEntries(
    Object.entries(capture).flatMap(([as, what]) => {
      const value = valueAt(answer, pathOf(what))
      // What stands there for bytes that nobody could read is not what was sent.
      const isGarbled = unread !== undefined && String(value).includes('\ufffd')
      return canBeCaptured(value) && !isGarbled ? [[as, value]] : []
    }),
  )
}

/** What of it the transcript has, for who goes on after a crash: no secret, of which it has only the name. */
const shownIn = (reply: Reply, { capture }: HttpRequest): Record<string, string | number> => {
  const found = Object.entries(
    capturedFrom(reply, { capture: picked(capture, (what) => typeof what === 'string') }),
  )
  return Object.fromEntries(
    found.map(([name, value]) => [name, typeof value === 'object' ? value.text : value]),
  )
}

const hiddenIn = (reply: Reply, { capture }: HttpRequest): Record<string, string> => {
  const secrets = picked(capture, (what) => typeof what !== 'string')
  const found = Object.entries(capturedFrom(reply, { capture: secrets }))
  return Object.fromEntries(found.map(([name, value]) => [name, String(value)]))
}

const picked = (capture: HttpRequest['capture'], which: (what: Capture) => boolean): HttpRequest['capture'] =>
  Object.fromEntries(Object.entries(capture).filter(([, what]) => which(what)))

/** The secrets that a request cannot do without. */
export const secretNames = (headers: Readonly<Record<string, Text>> = {}): string[] =>
  Object.values(headers).flatMap((header) => {
    if (typeof header === 'string') return []
    const parts = header.kind === 'secret' ? [header] : header.parts
    return parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]))
  })

/** An answer's body as JSON, digit for digit; undefined where it is none. */
export const jsonOf = (reply: Reply): ExactJson | undefined => {
  const known = READ.get(reply)
  if (known) return known.json
  const json = parsed(reply.body)
  READ.set(reply, { json })
  return json
}
/** A large answer is read once. */
const READ = new WeakMap<Reply, { json: ExactJson | undefined }>()

const parsed = (body: string): ExactJson | undefined => {
  try {
    return readJson(body)
  } catch {
    return undefined
  }
}

/** Mistakes that one request cannot see alone: names that nothing captured, two of one name. */
export const mistakesIn = (
  requests: readonly HttpRequest[],
  cleanup: readonly HttpRequest[],
): { at: string; expected: string }[] => {
  const known = new Set<string>()
  const names = new Set<string>()
  const mistakesOf = (list: 'requests' | 'cleanup') => (request: HttpRequest, i: number) => {
    const at = `steps.verify-http.${list}.${i}`
    const unknown = (holes: string[], place: string, print: (hole: string) => string) =>
      [...new Set(holes)]
        .filter((hole) => !known.has(hole))
        .map((hole) => ({
          at: `${at}.${place}`,
          expected: `${print(hole)} is not captured by an earlier request${known.size ? `; captured: ${[...known].join(', ')}` : ''}`,
        }))
    const mistakes = [
      ...unknown(holesOfUrl(request.url), 'url', (hole) => `{${hole}}`),
      ...unknown(holesOfHeaders(request.headers), 'headers', (hole) => `{${hole}}`),
      ...unknown(holesOfBody(request.json), 'json', (hole) => `captured('${hole}')`),
      ...unknown(holesOfBody(request.expect.json), 'expect.json', (hole) => `captured('${hole}')`),
    ]
    if (names.has(request.name))
      mistakes.push({ at: `${at}.name`, expected: `another name: "${request.name}" is taken` })
    if (isIdempotent(request) && request.json !== undefined)
      mistakes.push({ at: `${at}.json`, expected: `no body with ${request.method}` })
    names.add(request.name)
    for (const name of Object.keys(request.capture)) known.add(name)
    return mistakes
  }
  return [...requests.flatMap(mistakesOf('requests')), ...cleanup.flatMap(mistakesOf('cleanup'))]
}
