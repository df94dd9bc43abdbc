import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'

const key =
  '-----BEGIN PRIVATE KEY-----\nq7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8\nOi5BxQy3EzWuMkC6jVrHpDgSlAnIF0xx\n-----END PRIVATE KEY-----\n'
const variables = {
  TOKEN: 'tok/SLASHed<&>9"e\'s-ü',
  KEY: key.replaceAll('\n', '\\n'),
  SERVICE: JSON.stringify({
    type: 'service_account',
    private_key: key,
    deep: [{ client_secret: 'GOCSPX-inner/99' }],
  }),
  WEBHOOK: 'https://hooks.example.com/services/T0AAAA1/zZsLaCkTokEn9',
  MULTI: 'postgresql://app:MultiHostPw1@db1:5432,db2:5432/shop',
  ADO: 'Server=db;User Id=sa;Password=Ado-Net-Pw9;',
  NOTED: 'val_NOTED1234567',
  PIN: '4711',
}
/** What must not stand anywhere: of each secret something that no other word has. */
const parts = [
  'SLASHed',
  'q7Zc0XwP4mJb9s',
  'Oi5BxQy3EzWu',
  'GOCSPX-inner',
  'zZsLaCkTokEn9',
  'MultiHostPw1',
  'Ado-Net-Pw9',
  'NOTED123',
]
const inside = (text: string, by: 'hex' | 'base64', before: number): string => {
  const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)])
  return by === 'hex'
    ? bytes.toString('hex').slice(2 * before)
    : bytes.toString('base64').slice([0, 2, 3][before], Math.floor((bytes.length * 8) / 6))
}
const forbidden = parts.flatMap((part) => [
  part,
  inside(part, 'hex', 0),
  inside(part, 'hex', 0).toUpperCase(),
  ...[0, 1, 2].map((before) => inside(part, 'base64', before)),
])

/** Prints every secret in every way that comes to mind. */
const careless = String.raw`
import { createRequire } from 'node:module'
const require = createRequire(import.meta.url)
const ascii = (t) => t.replace(/[^\x00-\x7f]/g, (c) => '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'))
const html = (t) => t.replace(/[&<>"']/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#039;' })[c])
const parts = []
for (const name of process.env.NAMES.split(' ')) {
  const v = process.env[name]
  parts.push(v, v.replaceAll('\\n', '\n'))
  try { JSON.stringify(JSON.parse(v), (k, x) => (typeof x === 'string' && parts.push(x), x)) } catch {}
  try { const u = new URL(v); parts.push(u.pathname, u.search) } catch {}
  for (const m of v.matchAll(/:([^:@\/]+)@|Password=([^;]+)/g)) parts.push(m[1] ?? m[2])
}
const how = [(t) => t, encodeURIComponent, JSON.stringify, (t) => JSON.stringify(JSON.stringify(t)), (t) => ascii(JSON.stringify(t)).replaceAll('/', '\\/'), html,
  (t) => t.normalize('NFD'), (t) => Buffer.from(t).toString('base64'), (t) => Buffer.from('ada:' + t).toString('base64url'), (t) => Buffer.from(t).toString('hex'), (t) => Buffer.from(t).toString('hex').toUpperCase(), (t) => String(Buffer.from(t).inspect?.() ?? ''),
  (t) => t.slice(0, 5) + '\x1b[1m' + t.slice(5) + '\x1b[22m', (t) => [...t].join('\x1b[32m'), (t) => t.match(/[^]{1,9}/gu).join('\n'), (t) => t.match(/[^]{1,12}/gu).join('\r\n      ')]
for (const part of parts.filter((p) => p && p.length > 5)) for (const by of how) console.log('it is ' + by(part) + ' .')
for (const c of process.env.TOKEN) { process.stderr.write(c); await new Promise((r) => setTimeout(r, 5)) }
console.error(new Error('with ' + process.env.NOTED))
require('node:fs').writeFileSync('done-print', '')
`

const watchArguments = (folder: string) => {
  const seen = new Set<string>()
  let over = false
  const watching = (async () => {
    for (; !over; await sleep(10))
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
        try {
          if (readlinkSync(`/proc/${pid}/cwd`).startsWith(join(folder, 'app')))
            seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
        } catch {
          // It is gone.
        }
  })()
  return async () => {
    over = true
    await watching
    // Between fork and exec a child still has this tool's own, which an operator has typed.
    return [...seen].filter((line) => !line.includes('dist/cli.js')).join('\n')
  }
}
const kept = (folder: string): string =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'latin1') + readFileSync(path, 'utf8'))
    .join('\n')

/** An application that gives its secrets away, such that they are cut; and whoever is told of a run. */
const server = async () => {
  const told: string[] = []
  const listening = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      if (request.url === '/told') told.push(body)
      if (request.url === '/long') response.writeHead(500).end(`${'y'.repeat(488)}${variables.NOTED}`)
      else if (request.url === '/json') response.end(JSON.stringify({ v: 'z'.repeat(106) + variables.NOTED }))
      else if (request.url === '/moved')
        response
          .writeHead(302, {
            location: `/x?access_token=${encodeURIComponent('unheard-of-77')}&t=${variables.NOTED}`,
          })
          .end()
      else response.end('ok')
    })
  })
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void listening.close())
  return { url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`, told }
}

test('no form of a secret, nor of its parts, reaches any sink', async () => {
  const { url, told } = await server()
  const named = Object.keys(variables).map((name) => `${name}: secret('${name}')`)
  const asks = (path: string, expected: string) =>
    `verifyHttp({ id: 'ask-${path}', retry: { times: 0, every: 0 }, requests: [{ name: 'q', url: '${url}/${path}', expect: ${expected} }] })`
  const source = bookOf(
    `does('print', ':', { sort: 'state', actions: () => ({ act: { ...changes('node', 'careless.mjs'), env: { NAMES: '${Object.keys(variables).join(' ')}', ${named.join(', ')} } } }), undo: () => r.reverse('code', { back: changes('rm', 'done-print') }) }),
     does('tell', ':', { actions: () => ({ tell: instructs('Tell them: ' + process.env.NOTED), act: changes('touch', 'done-tell') }) }),
     process.env.ASK === 'long' ? ${asks('long', '{ status: 200 }')} : process.env.ASK === 'json' ? ${asks('json', "{ json: { v: 'other' } }")} : ${asks('moved', '{ status: 200 }')},`,
    { before: `import { verifyHttp } from 'runbook/steps'` },
  ).replace(
    "name: 'tested',",
    `name: 'tested', approval: { from: 'Grace' }, notify: [r.webhook(secret('TOLD'))],`,
  )
  const book = await bookFolder(source, { 'app/careless.mjs': careless, 'app/.keep': '' })
  onTestFinished(book.dispose)
  execFileSync('git', ['init', '-q', book.app])
  execFileSync('git', [
    '-C',
    book.app,
    'remote',
    'add',
    'origin',
    'https://ada:remote-Pw-77@git.example.invalid/a.git',
  ])
  const stop = watchArguments(book.folder)
  const all: string[] = []
  const call = async (ask: string, ...args: string[]) => {
    const cache = join(book.folder, 'cache')
    const { out, err } = await book.runbook(args, {
      variables: { ...variables, ASK: ask, XDG_CACHE_HOME: cache, TOLD: `${url}/told` },
    })
    expect(out + err, args.join(' ')).not.toBe('')
    all.push(out, err)
    return out + err
  }
  expect(await call('long', 'doctor', 'staging')).toContain('PIN has 4 characters: too short to be masked')
  expect(await call('long', 'plan', 'staging', '--verbose')).toContain('PIN has 4 characters')
  for (const ask of ['long', 'json', 'moved']) await call(ask, 'deploy', 'staging', '--yes', '--verbose')
  await call('json', 'deploy', 'staging', '--yes', '--json')
  await call('long', 'resume', '--yes', '--verbose')
  await call('long', 'lock', 'staging', '--reason', `rotate ${variables.NOTED}`)
  await call('long', 'deploy', 'staging', '--yes')
  await call('long', 'unlock', 'staging', '--yes')
  await call(
    ...([
      'long',
      'rollback',
      'staging',
      '--yes',
      '--verbose',
      '--approved-by',
      `ada ${variables.NOTED}`,
    ] as const),
    ...['--approval-note', `use ${variables.NOTED}`, '--reason', `it leaked: ${variables.TOKEN}`],
  )
  for (const args of [
    ['show', '--verbose'],
    ['show', '--json'],
    ['runs', '--json'],
    ['diagnose', 'staging', '--verbose'],
    ['guide', 'staging'],
    ['report'],
    ['show', variables.NOTED],
    ['deploy', variables.NOTED],
  ])
    await call('long', ...args)
  const { path } = JSON.parse(
    (
      await book.runbook(['bundle', '--json'], {
        variables: { ...variables, ASK: 'long', TOLD: `${url}/told` },
      })
    ).out,
  )
  all.push(execFileSync('tar', ['-xOzf', path], { encoding: 'utf8' }))
  for (const done of ['done-print', 'done-tell']) rmSync(book.in(done), { force: true })
  const terminal = book.startOnTerminal(['deploy', 'staging', '--verbose'], {
    variables: { ...variables, ASK: 'long', TOLD: `${url}/told` },
  })
  await terminal.shows('Deploy tested to staging?')
  terminal.type('y\r')
  await terminal.shows('Tell them: ')
  terminal.type('y\r')
  await terminal.shows('note')
  // What is typed all at once is drawn once.
  terminal.type(variables.NOTED)
  await terminal.shows('‹secret NOTED›')
  terminal.type('\r')
  await terminal.shows('What now?')
  terminal.type('\u0003')
  await terminal.ended
  all.push(terminal.printed.all, told.join('\n'), kept(book.stateDir), await stop())
  const text = all.join('\n')
  for (const form of [...forbidden, 'unheard-of', 'remote-Pw'])
    expect(
      text.includes(form),
      `${form} in ${text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form) + 60)}`,
    ).toBe(false)
  // Coloured, broken into lines, and composed otherwise they would be these.
  const bare = text.replace(/\u001b\[[\d;]*m|\\u001b\[[\d;]*m|(\\r)?\\n *|\r?\n */g, '').normalize('NFC')
  for (const part of parts)
    expect(
      bare.includes(part),
      `${part} in ${bare.slice(Math.max(0, bare.indexOf(part) - 200), bare.indexOf(part) + 60)}`,
    ).toBe(false)
  // It was all there.
  for (const name of ['TOKEN', 'KEY', 'SERVICE', 'WEBHOOK', 'MULTI', 'ADO', 'NOTED'])
    expect(text).toContain(`‹secret ${name}›`)
  expect(told.length).toBeGreaterThan(3)
}, 180_000)

test('what a book prints has no secret, drawn or not, and no character is cut; every verb says what is too short', async () => {
  const source = bookOf(
    `does('one', ':', { sort: 'state', needs: () => [defineCheck({ fact: 'printed', remedy: 'no', look: async () => {
      console.log('book: ' + process.env.TOKEN)
      console.error('book: ' + process.env.TOKEN)
      for (const byte of Buffer.from('grüße 😀\\n')) process.stdout.write(Buffer.of(byte))
      return holds('it is')
    } })], undo: () => r.reverse('code', { back: changes('rm', 'done-one') }) }),`,
    { before: `secret('TOKEN'); secret('OLD_DATABASE')` },
  )
  const book = await bookFolder(source, { 'app/.keep': '' })
  onTestFinished(book.dispose)
  const given = { TOKEN: 'tok_0wnPrinted-99', OLD_DATABASE: 'postgres://shop:abc12@db/shop' }
  const said = 'the password in OLD_DATABASE has 5 characters: too short to be masked'
  const terminal = book.startOnTerminal(['deploy', 'staging', '--yes'], { variables: given })
  await terminal.ended
  for (const args of [
    ['deploy', 'staging', '--yes'],
    ['verify', 'staging'],
    ['rollback', 'staging', '--yes', '--reason', 'a test'],
  ]) {
    rmSync(book.in(args[0] === 'deploy' ? 'done-one' : 'nothing'), { force: true })
    const { out, err } = await book.runbook(args, { variables: given })
    expect(out + err, args.join(' ')).toContain(said)
    expect(out + err).not.toContain('0wnPrinted')
    if (args[0] === 'deploy') expect(err).toMatch(/book: ‹secret TOKEN›[\s\S]*grüße 😀\n/)
  }
  expect(terminal.printed.all).toContain(said)
  expect(terminal.printed.all).toContain('book: ‹secret TOKEN›')
  expect(terminal.printed.all).toContain('grüße 😀')
  expect(terminal.printed.all).not.toContain('0wnPrinted')
  expect(terminal.printed.all).not.toContain('\ufffd')
}, 120_000)
