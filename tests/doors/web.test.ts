import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { freePort } from '../../examples/world/ports.ts'
import { systemClock } from '../../runbook/doors/clock.ts'
import { type Sent, send } from '../../runbook/doors/web.ts'
import { Failed, type Failure, failureOf } from '../../runbook/model/failure.ts'

const ends: (() => unknown)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})
const serve = async (listener: RequestListener): Promise<string> => {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const request = (url: string, more: Partial<Sent> = {}, signal = new AbortController().signal) =>
  send(
    { method: 'GET', url, headers: {}, timeout: 20_000, printed: `GET ${url}`, ...more },
    signal,
    systemClock,
  )
const failing = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => failureOf(error),
  )

test('sends what it is told, and gives status, headers, body and duration of the answer', async () => {
  const url = await serve(async (asked, answer) => {
    let body = ''
    for await (const chunk of asked) body += chunk
    answer.writeHead(201, { 'x-of': 'tests' })
    answer.end(
      JSON.stringify({ method: asked.method, path: asked.url, body, token: asked.headers.authorization }),
    )
  })
  const reply = await request(`${url}/a?b=c`, {
    method: 'POST',
    headers: { Authorization: 'Bearer x' },
    body: '{"ü":1}',
  })
  expect(reply.status).toBe(201)
  expect(reply.headers['x-of']).toBe('tests')
  expect(JSON.parse(reply.body)).toEqual({
    method: 'POST',
    path: '/a?b=c',
    body: '{"ü":1}',
    token: 'Bearer x',
  })
  expect(reply.ms).toBeGreaterThanOrEqual(0)
})

test.each([404, 500, 503, 302])('the status %i is an answer like any other', async (status) => {
  const url = await serve((_, answer) => answer.writeHead(status, { location: '/elsewhere' }).end('words'))
  expect(await request(url)).toMatchObject({ status, body: 'words' })
})

/** Writes until nobody reads any more. */
const endless = (type: string) =>
  serve((_, answer) => {
    answer.writeHead(200, { 'content-type': type })
    const more = () => {
      while (answer.write('x'.repeat(65_536)));
    }
    answer.on('drain', more)
    more()
  })

test('reads a megabyte of a body that nobody needs, and says so', async () => {
  const { body, unread } = await request(await endless('text/plain'))
  expect(body.length).toBe(1024 * 1024)
  expect(unread).toBe('only its first megabyte was read')
})

test('reads JSON, and what is needed, to its end: 50 MB of it', async () => {
  const large = JSON.stringify({ rows: 'words of a list, '.repeat(3_100_000), last: true })
  expect(large.length).toBeGreaterThan(50 * 1024 * 1024)
  for (const type of ['application/json; charset=utf-8', 'application/vnd.api+json', 'text/plain']) {
    const url = await serve((_, answer) => answer.writeHead(200, { 'content-type': type }).end(large))
    const reply = await request(url, { whole: true })
    expect([reply.body.length, reply.unread]).toEqual([large.length, undefined])
    expect(reply.body.endsWith('"last":true}')).toBe(true)
  }
}, 60_000)

test('an answer without an end is left, and the reason told', async () => {
  const { body, unread } = await request(await endless('application/json'), { timeout: 60_000 })
  expect(body.length).toBe(1024 * 1024)
  expect(unread).toBe('only its first megabyte was read: it is larger than 256 MB')
}, 90_000)

const compressed: [string, (bytes: Buffer) => Buffer][] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['deflate', deflateSync],
  ['deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['gzip, br', (bytes) => brotliCompressSync(gzipSync(bytes))],
]
test.each(compressed)('reads what is compressed by %s, in chunks and at once', async (coding, compress) => {
  const bytes = compress(Buffer.from('\ufeff{"name":"名前"}'))
  const url = await serve((asked, answer) => {
    answer.writeHead(200, {
      'content-encoding': coding,
      ...(asked.url === '/at-once' && { 'content-length': bytes.length }),
    })
    // Characters and codes fall apart between two chunks.
    for (const byte of bytes) answer.write(Buffer.from([byte]))
    answer.end()
  })
  for (const path of ['/at-once', '/chunked'])
    expect(await request(url + path)).toMatchObject({ body: '{"name":"名前"}' })
})

test('names an encoding that nobody here undoes', async () => {
  const url = await serve((_, answer) =>
    answer.writeHead(200, { 'content-encoding': 'compress' }).end(Buffer.from([0x1f, 0x9d, 0x90, 0xff])),
  )
  expect(await request(url)).toMatchObject({ unread: 'its content-encoding is compress' })
})

test('an answer that ends too early is none', async () => {
  const url = await serve((_, answer) => {
    answer.writeHead(200, { 'content-length': 1000 }).write('{"half":')
    setTimeout(() => answer.destroy(), 50)
  })
  expect(await failing(request(url))).toMatchObject({ kind: 'request-failed' })
})

test.each<[string, () => Promise<string>, string]>([
  ['nobody listens', async () => `http://127.0.0.1:${await freePort()}`, 'connection refused'],
  ['the port is not for the web', async () => 'http://127.0.0.1:6000', 'fetch refuses this port'],
  ['the name is not known', async () => 'http://app.invalid', 'the host name is not known'],
  ['the connection is cut', () => serve((asked) => asked.socket.destroy()), 'other side closed'],
  [
    'the body is cut',
    () =>
      serve((asked, answer) =>
        answer.writeHead(200, { 'content-length': 10 }).write('half', () => asked.socket.destroy()),
      ),
    'other side closed',
  ],
  ['the address makes no sense', async () => 'http://', ''],
])('where %s it fails, and says why', async (_, url, message) => {
  const address = await url()
  expect(await failing(request(address))).toEqual({
    ...(/no(body|t known)/.test(_) && { unsent: true }),
    ...{ kind: 'request-failed', printed: `GET ${address}`, message: expect.stringContaining(message) },
  })
})

test.each<[string, RequestListener]>([
  ['does not answer', () => {}],
  ['does not end its answer', (_, answer) => void answer.write('half')],
])('a server that %s is not waited for longer than the time given', async (_, listener) => {
  const url = await serve(listener)
  expect(await failing(request(url, { timeout: 100 }))).toMatchObject({ message: 'no answer within 100 ms' })
})

test('an interrupt does not wait for the answer', async () => {
  const abort = new AbortController()
  const url = await serve(() => abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' })))
  expect(await failing(request(url, {}, abort.signal))).toEqual({ kind: 'interrupted', signal: 'SIGINT' })
})
