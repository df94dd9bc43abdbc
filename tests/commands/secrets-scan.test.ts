import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()

const token = 'tok_3fA9+/x y=='
const obtained = 'sess-0b7d41f2e9c8'
const key = `-----BEGIN KEY-----\n${'MIIBVQIBADANBgkqhkiG9w0B\nAQEFAASCAT8wggE7AgEAAkEA\n'}-----END KEY-----`

/** Every form in which it would be one: base64 inside of something too, at each of its three places. */
const formsOf = (secret: string): string[] => {
  const inside = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)])
    return bytes.toString('base64').slice([0, 2, 3][before], Math.floor((bytes.length * 8) / 6))
  })
  return [
    secret,
    encodeURIComponent(secret),
    String(new URLSearchParams({ x: secret })).slice(2),
    JSON.stringify(secret).slice(1, -1),
    secret.replaceAll("'", "''"),
    ...inside,
  ]
}
/** Everything that is kept, in one text. */
const kept = (folder: string): string =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((path) => join(folder, path))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n')

/** The arguments of every process that works in a folder, looked at again and again until it is told to stop. */
const watchArguments = (folder: string) => {
  const seen = new Set<string>()
  let over = false
  const look = (pid: string) => {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder))
        seen.add(readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
    } catch {
      // It is gone.
    }
  }
  const watching = (async () => {
    while (!over) {
      for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) look(pid)
      await sleep(5)
    }
  })()
  return async () => {
    over = true
    await watching
    return [...seen].join('\n')
  }
}

/** An application that tells what it was told, as debug modes do. */
const echoing = async () => {
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      if (request.url === '/login') return response.end(JSON.stringify({ token: obtained, id: 7 }))
      response.statusCode = request.url === '/moved' ? 302 : 500
      response.setHeader('location', `/x?token=${encodeURIComponent(token)}`)
      response.end(JSON.stringify({ url: request.url, headers: request.headers, body }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(() => server.close())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** What a careless program prints. */
const careless = String.raw`
env; set -x; : "$TOKEN" "$PGPASSWORD"; set +x
echo "$DATABASE_URL"; printf %s "$DATABASE_URL" | base64; printf 'ada:%s' "$PGPASSWORD" | base64 -w0; echo
printf ':%s' "$TOKEN" | base64; printf '%s:' "$TOKEN" | base64; echo "$KEY" | sed 's/^/  key: /'
node -e 'const t = process.env.TOKEN; console.log(encodeURIComponent(t), JSON.stringify({ t }), String(new URLSearchParams({ t })), [t])'
i=0; while [ $i -lt \${#TOKEN} ]; do printf %s "\${TOKEN:$i:3}"; sleep 0.02; i=$((i+3)); done; echo
i=0; while [ $i -lt \${#TOKEN} ]; do printf %s "\${TOKEN:$i:1}" >&2; sleep 0.01; i=$((i+1)); done
touch done-print`.replaceAll('\\$', '$')

const steps = (url: string) => `
  does('print', ':', { actions: () => ({ act: { ...changes('bash', 'careless.sh'), env: { ...r.libpqVariables(env.database), TOKEN: secret('TOKEN'), KEY: secret('KEY'), DATABASE_URL: secret('DATABASE_URL') } } }) }),
  does('tell', ':', { sort: 'prepares', actions: () => ({ tell: instructs('Tell them: ' + process.env.TOKEN), act: changes('touch', 'done-tell') }) }),
  verifyHttp({ id: 'http', headers: { Authorization: r.text\`Bearer \${secret('TOKEN')}\` }, requests: [
    { name: 'log in', method: 'POST', url: '${url}/login', json: { password: process.env.TOKEN }, capture: { session: { at: 'token', secret: true }, id: 'id' } },
    { name: 'go on', url: '${url}/moved', expect: { status: 302 } },
    { name: 'use it', url: '${url}/use/{session}', headers: { 'X-Session': '{session}' } } ] }),
`
/** Fails before anything else, each time in another way. */
const failing = `
  does('sql', ':', { actions: () => ({ sql: r.executes("SELECT '" + process.env.TOKEN + "'::int") }) }),
`
const bug = `
  does('bug', ':', { run: async () => { throw Object.assign(new Error('broken by ' + process.env.TOKEN), { cause: process.env.DATABASE_URL }) } }),
`
const bookOn = async (made: string, databaseUrl: string) => {
  const source = bookOf(made, {
    before: `import { verifyHttp } from 'runbook/steps'`,
    environment: `database: { url: secret('DATABASE_URL') }, variables: { TOKEN: secret('TOKEN'), KEY: secret('KEY'), DATABASE_URL: secret('DATABASE_URL'), MODE: 'LIVE', PLAIN: 'plain-setting' }`,
  })
  const book = await bookFolder(source, { 'app/careless.sh': careless })
  ends.push(book.dispose)
  const variables = {
    DATABASE_URL: databaseUrl,
    TOKEN: token,
    KEY: key,
  }
  return { ...book, variables }
}

test('of everything that hostile runs leave, show or pass on, nothing has a byte of a secret', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const url = await echoing()
  const seen: string[] = []
  for (const [made, asks] of [
    [steps(url), 'Tell them: '],
    [failing, 'What now?'],
    [bug, 'What now?'],
  ] as const) {
    const book = await bookOn(made, db.url)
    const { variables } = book
    const stop = watchArguments(book.folder)
    for (const args of [
      ['plan', 'staging', '--verbose'],
      ['deploy', 'staging', '--yes', '--verbose'],
      ['deploy', 'staging', '--yes', '--json'],
      ['verify', 'staging', '--verbose'],
      ['show', '--verbose'],
      ['show', '--json'],
      ['runs', '--json'],
      ['diagnose', 'staging', '--verbose'],
    ]) {
      const { out, err } = await book.runbook(args, { variables })
      seen.push(out, err)
    }
    // What is passed on to whoever is asked for help.
    const { path } = JSON.parse((await book.runbook(['bundle', '--json'], { variables })).out)
    seen.push(execFileSync('tar', ['-xOzf', path], { encoding: 'utf8' }))
    // On a terminal: its bytes, the question among them.
    rmSync(book.in('done-print'), { force: true })
    rmSync(book.in('done-tell'), { force: true })
    const terminal = book.startOnTerminal(['deploy', 'staging', '--verbose'], { variables })
    await terminal.shows('Deploy tested to staging?')
    terminal.type('y\r')
    await terminal.shows(asks)
    terminal.type('\u0003')
    await terminal.ended
    seen.push(terminal.printed.all, kept(book.stateDir), await stop())
  }
  const all = seen.join('\n')
  for (const name of ['DATABASE_URL', 'TOKEN', 'KEY', 'session']) expect(all).toContain(`‹secret ${name}›`)
  expect(all).toContain('bash\0careless.sh')
  expect(all).toContain('302 in')
  expect(all).toContain('broken by ‹secret TOKEN›')
  expect(all).toContain('invalid input syntax for type integer')
  const { password } = new URL(db.url)
  const secrets = [db.role.password, password, token, obtained, db.url, ...key.split('\n').slice(1, -1)]
  for (const form of secrets.flatMap(formsOf)) expect(all.includes(form), form).toBe(false)
  // Of a base64 that `base64` had broken into lines no remainder is left that would have the password.
  const encoded = Buffer.from(db.url).toString('base64')
  for (let at = 0; at + 20 < encoded.length; at += 10) expect(all).not.toContain(encoded.slice(at, at + 20))
  // What is no secret stays readable.
  expect(all).toContain('MODE=LIVE')
  expect(all).toContain('PLAIN=plain-setting')
}, 120_000)

test('what a book says of itself when it cannot be loaded, or has mistakes, shows none either', async () => {
  const mistaken = `import { defineRunbook, secret } from 'runbook'
    secret('TOKEN')
    export default defineRunbook({ name: 'x', environments: { staging: { app: { dir: '.' } } }, deploy: () => { throw new Error('with ' + process.env.TOKEN) } })`
  const unloadable = `import { secret } from 'runbook'\nsecret('TOKEN')\nthrow new Error('with ' + process.env.TOKEN)`
  for (const source of [mistaken, unloadable]) {
    const book = await bookFolder(source)
    ends.push(book.dispose)
    const { exit, out, err } = await book.runbook(['plan', 'staging'], { variables: { TOKEN: token } })
    expect(exit).toBe(2)
    expect(err).toContain('with ‹secret TOKEN›')
    for (const form of formsOf(token)) expect(out + err).not.toContain(form)
  }
})

test('a secret that a book puts among the arguments of a program is refused before anything is done', async () => {
  const book = await bookFolder(
    bookOf(
      `does('one', ':', { actions: () => ({ act: changes('sh', '-c', 'touch done-one', secret('TOKEN')) }) })`,
    ),
  )
  ends.push(book.dispose)
  const { exit, out } = await book.runbook(['deploy', 'staging', '--yes'], { variables: { TOKEN: token } })
  expect(exit).toBe(3)
  expect(out).toContain('no secret stands among the arguments of sh; seen: ‹secret TOKEN›')
  expect(out).toContain("env: { NAME: secret('NAME') }")
})

test('whatever the umask, what is kept is its owner’s alone', async () => {
  const db = await freshDatabase()
  ends.push(db.drop)
  const book = await bookFolder(
    bookOf(`backupDatabase(), does('one', 'echo something')`, {
      before: `import { backupDatabase } from 'runbook/steps'`,
      environment: `database: { url: secret('DATABASE_URL') }`,
    }),
  )
  ends.push(book.dispose)
  const variables = { DATABASE_URL: db.url }
  const through = ['sh', '-c', 'umask 0; exec "$@"', 'sh']
  expect((await book.runbook(['deploy', 'staging', '--yes'], { variables, through })).exit).toBe(0)
  const locking = ['lock', 'production', '--reason', 'x']
  expect((await book.runbook(locking, { variables, through })).exit).toBe(0)
  const modes = ['', ...(readdirSync(book.stateDir, { recursive: true }) as string[])].map((path) => {
    const stat = statSync(join(book.stateDir, path))
    return `${path} ${(stat.mode & 0o777).toString(8)} ${stat.isDirectory()}`
  })
  expect(modes.length).toBeGreaterThan(8)
  expect(modes.filter((line) => !/ (600 false|700 true)$/.test(line))).toEqual([])
})
