import { readFileSync } from 'node:fs'
import { z } from 'zod'

type Schema = Record<string, any>
interface Operation {
  parameters?: { name: string; in: string; required?: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, Schema>
}

const description = JSON.parse(
  readFileSync(new URL('../fixtures/coolify/openapi.json', import.meta.url), 'utf8'),
) as { paths: Record<string, Record<string, Operation>>; components: { responses: Record<string, Schema> } }

const words = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] }
const { 404: unknown, 429: tooMany } = description.components.responses as Record<number, Schema>

/** What Coolify 4.3 answers although its description does not say so; read in its sources, app/Http and routes/api.php. */
const undescribed: Record<string, Record<number, Schema>> = {
  // Of every operation: a missing ability; the API switched off, or closed to an address (ApiAbility, ApiAllowed); more
  // than 200 requests a minute, or a full queue.
  '*': {
    403: jsonOf({ ...words, properties: { ...words.properties, success: { type: 'boolean' } } }),
    429: tooMany!,
  },
  'POST /deploy': { 404: unknown! },
  // An object, where the description has a list of applications.
  'GET /deployments/applications/{uuid}': {
    200: jsonOf({
      type: 'object',
      properties: {
        count: { type: 'integer' },
        deployments: { type: 'array', items: { $ref: '#/components/schemas/ApplicationDeploymentQueue' } },
      },
      required: ['count', 'deployments'],
    }),
    404: unknown!,
  },
}

function jsonOf(schema: Schema): Schema {
  return { content: { 'application/json': { schema } } }
}

export interface Exchange {
  method: string
  /** Below `/api/v1`, with its query. */
  path: string
  body: unknown
}

/** What of an exchange is not as Coolify describes it, in words: of the request, and of the answer. */
export const strangenessOf = (
  { method, path, body }: Exchange,
  answer: { status: number; body: unknown },
): string[] => {
  const url = new URL(path, 'http://coolify')
  const found = operationOf(method, url.pathname)
  // What was a GET before 4.2 is still there, to be refused (routes/api.php).
  if (!found && path === '/deploy' && [403, 405].includes(answer.status)) return []
  if (!found) return [`${method} ${path} is not in the description`]
  const { operation, name } = found
  return [...strangeQuery(operation, url), ...strangeBody(operation, body)]
    .map((what) => `${name}: ${what}`)
    .concat(strangeAnswer(operation, name, answer))
}

const operationOf = (method: string, pathname: string) => {
  for (const [template, operations] of Object.entries(description.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`)
    const operation = operations[method.toLowerCase()]
    if (operation && pattern.test(pathname)) return { operation, name: `${method} ${template}` }
  }
  return undefined
}

const strangeQuery = ({ parameters = [] }: Operation, url: URL): string[] =>
  [...url.searchParams].flatMap(([key, value]) => {
    const parameter = parameters.find((one) => one.in === 'query' && one.name === key)
    if (!parameter) return [`no parameter ${key}`]
    const typed = parameter.schema.type === 'string' ? value : JSON.parse(value)
    return mistakes(parameter.schema, typed, `?${key}`)
  })

const strangeBody = ({ requestBody }: Operation, body: unknown): string[] => {
  if (!requestBody) return body === undefined ? [] : ['it takes no body']
  return mistakes(requestBody.content['application/json']!.schema, body, 'body')
}

const strangeAnswer = (
  { responses }: Operation,
  name: string,
  { status, body }: { status: number; body: unknown },
): string[] => {
  const response = undescribed[name]?.[status] ?? responses[status] ?? undescribed['*']![status]
  if (!response) return [`${name}: ${status} is no answer of it`]
  const { content } = resolved(response)
  const [schema] = Object.values(content as Record<string, { schema: Schema }>)
  return mistakes(schema!.schema, body, `${name} ${status}`)
}

const mistakes = (schema: Schema, value: unknown, what: string): string[] => {
  const { error } = z.fromJSONSchema(closed(schema), { defaultTarget: 'openapi-3.0' }).safeParse(value)
  return error ? [`${what}: ${z.prettifyError(error)}`] : []
}

const resolved = (schema: Schema): Schema =>
  typeof schema.$ref === 'string'
    ? schema.$ref
        .slice(2)
        .split('/')
        .reduce((at: Schema, key: string) => at[key], description as Schema)
    : schema

/** The same schema, where a key that it does not name is a mistake: nothing is to be made up. */
const closed = (schema: Schema): Schema => {
  const { properties, items, ...rest } = resolved(schema)
  return {
    ...rest,
    ...(items && { items: closed(items) }),
    ...(properties && {
      properties: Object.fromEntries(
        Object.entries<Schema>(properties).map(([key, value]) => [key, closed(value)]),
      ),
      additionalProperties: false,
    }),
  }
}
