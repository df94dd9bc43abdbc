import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { logError } from '../log'
import { HttpError } from './http-error'

export type Answer = { status: number; body?: unknown }
export type Handler = (request: IncomingMessage, params: Record<string, string>) => Answer | Promise<Answer>
export type Route = { method: string; path: string; handle: Handler }

/** Finds the route of a request and turns what it returns or throws into an answer in JSON. */
export function router(routes: Route[]): RequestListener {
  return async (request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/'
    try {
      send(response, await dispatch(routes, request, path))
    } catch (error) {
      if (error instanceof HttpError)
        return send(response, { status: error.status, body: { error: error.message } })
      logError(`${request.method} ${path} answers 500`, error)
      send(response, { status: 500, body: { error: 'Internal server error' } })
    }
  }
}

async function dispatch(routes: Route[], request: IncomingMessage, path: string): Promise<Answer> {
  for (const route of routes) {
    const params = route.method === request.method ? match(route.path, path) : undefined
    if (params) return route.handle(request, params)
  }
  throw new HttpError(404, `no route for ${request.method} ${path}`)
}

function match(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/')
  const given = path.split('/')
  if (wanted.length !== given.length) return undefined
  const params: Record<string, string> = {}
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? ''
    if (part.startsWith(':')) params[part.slice(1)] = value
    else if (part !== value) return undefined
  }
  return params
}

function send(response: ServerResponse, { status, body }: Answer): void {
  if (body === undefined) return void response.writeHead(status).end()
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(JSON.stringify(body))
}
