import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { captured } from '../../../steps/http/captured.ts'
import type { HttpRequest } from '../../../steps/http/request.ts'
import { verifyHttp } from '../../../steps/verify-http.ts'
import { stepRig } from '../../rig/step-rig.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close()
})

/** Answers /made with these bytes, and keeps of everything else what came, as bytes. */
const world = async (made: string | Buffer, type = 'application/json') => {
  const came: { url: string; body: string; header: string | undefined }[] = []
  const server = createServer(async (asked, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of asked) chunks.push(chunk)
    if (asked.url === '/health') return response.end('{}')
    if (asked.url === '/made') return response.writeHead(200, { 'content-type': type }).end(made)
    came.push({
      url: asked.url!,
      body: Buffer.concat(chunks).toString(),
      header: asked.headers['x-value'] as string,
    })
    response.end(made)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const rig = await stepRig({ dir: '/', app: { url } })
  opened.push(() => {
    server.closeAllConnections()
    server.close()
  }, rig.dispose)
  const run = (...requests: Partial<HttpRequest>[]) =>
    rig.run(
      verifyHttp({
        requests: [{ name: 'make', url: '/made', capture: { value: 'value' } }, ...(requests as never[])],
        retry: { times: 0, every: 0 },
      }),
    )
  return { came, run }
}
type Ran = Awaited<ReturnType<Awaited<ReturnType<typeof world>>['run']>>
const told = (run: Ran): string => JSON.stringify(run.failure)

const use = { name: 'use', method: 'POST' as const, url: '/used/{value}' }

describe('a captured value', () => {
  it.each([
    '9007199254740993',
    '-9223372036854775808',
    '18446744073709551615',
    '19.90',
    '1.0',
    '0.1000000000000000055511151231257827',
    '1e400',
    '42',
    '4.5',
  ])('the number %s is sent as it came: in an address, a header, as a text and as a number', async (n) => {
    const { came, run } = await world(`{"value": ${n}, "list": [${n}]}`)
    const ran = await run(
      {
        ...use,
        headers: { 'x-value': '{value}' },
        json: { text: captured('value'), number: captured('value', 'number') },
        expect: { json: { value: captured('value'), list: [captured('value')] } },
      },
      { name: 'and again', url: '/used', expect: { json: { value: captured('value') } } },
    )
    expect(ran.ended).toBe('done')
    expect(came[0]).toEqual({
      url: `/used/${n}`,
      body: `{"text":"${n}","number":${n}}`,
      header: n,
    })
  })

  it('that is another in the next answer is seen, where JavaScript would take both for the same', async () => {
    const { run } = await world('{"value": 9007199254740993, "other": 9007199254740992}')
    const ran = await run({ name: 'look', url: '/look', expect: { json: { other: captured('value') } } })
    expect(told(ran)).toContain('other: 9007199254740993 was expected, 9007199254740992 came')
  })

  it.each([
    '2026-11-28T22:31:41.123456789+05:30',
    'naïve café ☕ 名前 👩‍👩‍👧 e\u0301',
    'a/b?c=d&e#f%2e..',
    ' spaces at both ends ',
    '‹value›',
    '\u202eabc\u0000\n',
  ])('the text %j is sent as it came, in an address and in JSON', async (text) => {
    const { came, run } = await world(JSON.stringify({ value: text }))
    const ran = await run({ ...use, json: { text: captured('value') } })
    expect(ran.ended).toBe('done')
    const address = decodeURIComponent(came[0]!.url.slice('/used/'.length))
    // What a plan writes for a value is the one text that is not encoded; fetch does that itself.
    expect(address).toBe(text)
    expect(JSON.parse(came[0]!.body)).toEqual({ text })
  })

  it.each<[string, Partial<HttpRequest>, string]>([
    ['café', { headers: { 'x-value': '{value}' } }, '{value} can be sent in the header x-value'],
    [' x', { headers: { 'x-value': '{value}' } }, '{value} can be sent in the header x-value'],
    ['a\nb', { headers: { 'x-value': 'Bearer {value}' } }, '{value} can be sent in the header x-value'],
    ['\ud800', { url: '/used/{value}' }, '{value} can be sent in an address'],
    ['007', { json: { n: captured('value', 'number') } }, "captured('value', 'number') is a number"],
    ['', { url: '/used/{value}' }, 'answers with a value at value'],
  ])('%j is refused by its name where it cannot be kept: %j', async (text, request, fact) => {
    const { came, run } = await world(JSON.stringify({ value: text }))
    const ran = await run({ name: 'use', url: '/used', method: 'POST', ...request })
    expect(ran.ended).toBe('failed')
    expect(told(ran)).toContain(fact)
    expect(came).toEqual([])
  })

  it.each(['true', 'null', '[1]', '{"a":1}'])('%s is none, and that is said', async (value) => {
    const { run } = await world(`{"value": ${value}}`)
    expect(told(await run())).toContain('none of use')
  })

  it.each<[string, Buffer, string, string]>([
    ['latin1', Buffer.from('{"value":"café"}', 'latin1'), 'application/json; charset=iso-8859-1', 'café'],
    ['windows-1252', Buffer.from('{"value":"\x80 5"}', 'latin1'), 'text/json;charset="windows-1252"', '€ 5'],
    ['utf-16', Buffer.from('\ufeff{"value":"名前"}', 'utf16le'), 'application/json', '名前'],
    ['utf-16le', Buffer.from('{"value":"ab"}', 'utf16le'), 'application/json; charset=utf-16le', 'ab'],
    ['utf-8 with a mark', Buffer.from('\ufeff{"value":"名前"}'), 'application/json', '名前'],
    ['utf-8, called latin1', Buffer.from('{"value":"café"}'), 'application/json; charset=latin1', 'café'],
  ])('in %s is read as it was meant', async (_, made, type, value) => {
    const { came, run } = await world(made, type)
    expect((await run(use)).ended).toBe('done')
    expect(decodeURIComponent(came[0]!.url)).toBe(`/used/${value}`)
  })

  it.each<[string, string]>([
    ['application/json', 'its bytes are not utf-8'],
    ['application/json; charset=klingon', 'its charset klingon is not known'],
  ])('of bytes that are no text is refused: %s', async (type, why) => {
    const { came, run } = await world(Buffer.from('{"value":"caf\xe9"}', 'latin1'), type)
    expect(told(await run(use))).toContain(why)
    expect(came).toEqual([])
  })
})

describe('what a book expects', () => {
  it('is compared as JavaScript reads it, and a bigint digit for digit', async () => {
    const { run } = await world('{"value": 9007199254740993, "price": 1.50, "ratio": 0.10000000000000001}')
    const expects = (json: object) => run({ name: 'look', url: '/look', expect: { json: json as never } })
    expect((await expects({ value: 9007199254740993n, price: 1.5, ratio: 0.1 })).ended).toBe('done')
    expect(told(await expects({ value: 9007199254740992n }))).toContain(
      'value: 9007199254740992n was expected, 9007199254740993 came',
    )
  })

  it.each<[unknown, string]>([
    // biome-ignore lint/correctness/noPrecisionLoss: that is what is refused.
    [{ id: 9007199254740993 }, 'write it with an n behind it, as a bigint'],
    [[{ ratio: Number.NaN }], 'numbers of JSON, and NaN is none'],
  ])('and sends no number that JavaScript has rounded: %j', (json, expected) => {
    const request = { name: 'a', method: 'POST' as const, url: '/', json: json as never }
    const step = verifyHttp({ requests: [request, { name: 'b', url: '/', expect: { json: json as never } }] })
    const mistakes = (step as unknown as { mistakes: { at: string; expected: string }[] }).mistakes
    expect(mistakes.map(({ at }) => at)).toEqual([
      'steps.verify-http.requests.0.json',
      'steps.verify-http.requests.1.expect.json',
    ])
    for (const mistake of mistakes) expect(mistake.expected).toContain(expected)
  })
})
