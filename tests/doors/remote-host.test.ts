import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Spawned } from '../../runbook/doors/process.ts'
import { appendRemote, readRemote, writeRemote } from '../../runbook/doors/remote-files.ts'
import { RemoteHost } from '../../runbook/doors/remote-host.ts'
import { type Failure, failureOf } from '../../runbook/model/failure.ts'
import { alive, until } from '../rig/command-line.ts'
import { sshd } from '../rig/sshd.ts'

// A real sshd, and an account that may do nothing but its own.

let server: Awaited<ReturnType<typeof sshd>>
let host: RemoteHost
let home = ''
let jobs = 0
beforeAll(async () => {
  server = await sshd()
})
afterAll(() => server.dispose())
beforeEach(() => {
  host = open()
  jobs += 1
  home = join(server.there, `it's home ${jobs}`)
  mkdirSync(home)
  server.own(home)
})
afterEach(() => host.close())

const open = (patience?: number) =>
  new RemoteHost(server.host, { ...process.env, ...server.variables }, patience)
const never = new AbortController().signal
type More = Partial<Spawned> & { signal?: AbortSignal }
const spawned = (argv: string[], more: More = {}): Spawned => ({
  argv,
  cwd: home,
  env: {},
  printed: argv.join(' '),
  ...more,
})
const hearing = () => {
  const printed = { out: '', err: '' }
  const take = (stream: 'out' | 'err', chunk: Buffer) => {
    printed[stream] += chunk
  }
  return { printed, take }
}
const look = async (argv: string[], { signal = never, ...more }: More = {}) => {
  const { printed, take } = hearing()
  const ended = await host.look(spawned(argv, more), take, signal)
  return { ...ended, ...printed }
}
const start = (argv: string[], { signal = never, ...more }: More = {}, job = host.newJob('t')) => {
  const { printed, take } = hearing()
  return { job, printed, ended: host.run(job, spawned(argv, more), take, signal) }
}
const run = async (argv: string[], more?: More) => {
  const { ended, printed } = start(argv, more)
  return { ...(await ended), ...printed }
}
const failing = async (work: Promise<unknown>): Promise<Failure> =>
  work.then(
    () => Promise.reject(new Error('it did not fail')),
    (error) => failureOf(error),
  )
const path = (name: string) => join(home, name)
const read = (name: string) => readFileSync(path(name), 'utf8')
const there = (name: string) =>
  until(() => existsSync(path(name)) && read(name).endsWith('\n'), `${name} is there`)

describe.each([
  ['that reads', look],
  ['that changes something', run],
])('a command %s', (_, ask) => {
  test('gives what it prints, and how it ended', async () => {
    expect(await ask(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({
      exit: 3,
      out: 'out\n',
      err: 'err\n',
    })
    // Which is also what ssh says of a connection.
    expect(await ask(['sh', '-c', 'exit 255'])).toMatchObject({ exit: 255 })
    expect(await ask(['true'])).toEqual({ exit: 0, out: '', err: '' })
  })

  test('runs in its folder, as the account, with the variables of the book and none of the operator', async () => {
    process.env.OF_THE_OPERATOR = 'x'
    const env = { GIVEN: `it's "so" $HOME \`id\` \\ \n two`, XDG_STATE_HOME: undefined }
    const { out } = await ask(['sh', '-c', 'pwd; id -un; env'], { env })
    expect(out.split('\n').slice(0, 2)).toEqual([home, server.account.name])
    expect(out).toContain(`GIVEN=${env.GIVEN}\n`)
    expect(out).not.toMatch(/OF_THE_OPERATOR|XDG_STATE_HOME|RUNBOOK_/)
  })

  test('takes its words as they are', async () => {
    const words = [
      '$HOME',
      '`id`',
      'a b',
      `it's "so"`,
      '*',
      '',
      '-n',
      '\\',
      '\n',
      '$(touch x)',
      '; touch y',
      '!!',
      'ü',
    ]
    const { out } = await ask(['printf', '[%s]', ...words])
    expect(out).toBe(words.map((word) => `[${word}]`).join(''))
    expect(readdirSync(home)).toEqual([])
  })

  test('has an empty standard input, or what it is given', async () => {
    expect((await ask(['cat'])).out).toBe('')
    expect((await ask(['cat'], { input: `it's\0so\n\nEOF\nwithout an end` })).out).toBe(
      `it's\0so\n\nEOF\nwithout an end`,
    )
    expect(await ask(['sh', '-c', 'exit 5'], { input: 'x' })).toMatchObject({ exit: 5 })
  })

  test('prints what it likes, much and binary', async () => {
    const script =
      'i=0; while [ $i -lt 300 ]; do i=$((i+1)); head -c 10000 /dev/zero; echo; done; printf "no end"'
    const { out } = await ask(['sh', '-c', script])
    expect([out.length, out.endsWith('\nno end')]).toEqual([3_000_306, true])
  })

  test('is told apart from a program or a folder that is not there', async () => {
    expect(await failing(ask(['no-such-program']))).toMatchObject({
      kind: 'command-missing',
      host: server.host,
    })
    expect(await failing(ask(['true'], { cwd: '/no/such/folder' }))).toMatchObject({
      kind: 'folder-missing',
      folder: `${server.host}:/no/such/folder`,
    })
  })

  test('is ended there with its whole tree on an interrupt', async () => {
    const abort = new AbortController()
    const ended = failing(
      ask(['sh', '-c', 'sleep 600 & echo $! > child; echo $$ > parent; wait'], { signal: abort.signal }),
    )
    await there('parent')
    abort.abort(new Error('interrupted'))
    expect(await ended).toMatchObject({ message: 'interrupted' })
    expect([alive(Number(read('child'))), alive(Number(read('parent')))]).toEqual([false, false])
  })

  test('is ended when it takes too long, also when it does not want to', async () => {
    // On a connection that stands: the time is the command's.
    await look(['true'])
    const slow = ask(['sh', '-c', `trap '' TERM; echo $$ > parent; while :; do sleep 0.1; done`], {
      timeout: 3000,
    })
    expect(await failing(slow)).toMatchObject({ kind: 'timeout', after: 3000 })
    expect(alive(Number(read('parent')))).toBe(false)
  }, 180_000)

  test('shows no secret to others: not here, and not there', async () => {
    const secret = 'hunter2-very-secret'
    const ended = ask(['sh', '-c', 'echo ready > ready; sleep 3; echo "$SECRET"'], {
      env: { SECRET: secret },
      input: secret,
    })
    await there('ready')
    const processes = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8', maxBuffer: 1e8 })
    expect(processes).toContain('sleep 3')
    expect(processes).not.toContain(secret)
    expect(processes).not.toContain(Buffer.from(secret).toString('base64'))
    expect((await ended).out).toBe(`${secret}\n`)
  })
})

describe('a connection that breaks', () => {
  test('in the middle of a command: it goes on there, is heard to its end, and is started once', async () => {
    const script = 'echo x >> started; for i in 1 2 3 4 5 6 7 8; do echo line $i; sleep 0.25; done; exit 4'
    const { ended, printed } = start(['sh', '-c', script])
    await until(() => printed.out.includes('line 2'), 'it runs')
    server.cut()
    expect(await ended).toEqual({ exit: 4 })
    expect(printed.out).toBe([1, 2, 3, 4, 5, 6, 7, 8].map((i) => `line ${i}\n`).join(''))
    expect(read('started')).toBe('x\n')
  }, 60_000)

  test('while a command is only looked at: it is asked again', async () => {
    const ended = look(['sh', '-c', 'echo x >> asked; sleep 1; cat asked'])
    await there('asked')
    server.cut()
    expect(await ended).toMatchObject({ exit: 0, out: 'x\nx\n' })
  }, 60_000)

  test('for good: it is said that the command goes on, and later how it ended', async () => {
    const lost = open(1500)
    const job = lost.newJob('t')
    const ended = failing(
      lost.run(
        job,
        spawned(['sh', '-c', 'echo > begun; sleep 4; echo done > done; exit 7']),
        () => {},
        never,
      ),
    )
    await there('begun')
    await server.vanish()
    try {
      expect(await ended).toMatchObject({ kind: 'host-failed', reason: 'lost', host: server.host, job })
      await lost.close()
    } finally {
      await server.start()
    }
    // Another process, later: `runbook resume`.
    expect(await host.stateOf(job, never)).toEqual({ is: 'running' })
    const { printed, take } = hearing()
    expect(await host.adopt(job, spawned(['x']), take, never)).toEqual({ exit: 7 })
    expect(read('done')).toBe('done\n')
    expect(await host.stateOf(job, never)).toEqual({ is: 'ended', exit: 7 })
    expect(printed).toEqual({ out: '', err: '' })
  }, 60_000)

  test('before the answer: who asks to start it again only hears of it', async () => {
    const job = host.newJob('t')
    const argv = ['sh', '-c', 'echo x >> started; echo heard']
    await start(argv, {}, job).ended
    const again = start(argv, {}, job)
    expect(await again.ended).toEqual({ exit: 0 })
    expect([again.printed.out, read('started')]).toEqual(['heard\n', 'x\n'])
  })
})

describe('what is kept there', () => {
  test('is gone when the run has ended, and private until then', async () => {
    const { job, ended } = start(['true'])
    await ended
    expect(statSync(join(server.kept, job)).mode & 0o777).toBe(0o700)
    expect(await host.stateOf(job, never)).toEqual({ is: 'ended', exit: 0 })
    await host.close()
    expect(existsSync(join(server.kept, job))).toBe(false)
  })

  test('tells one that was killed from one that ended, and from one that never was', async () => {
    const { job, ended } = start(['sh', '-c', 'echo $PPID > supervisor; sleep 600'])
    await there('supervisor')
    process.kill(-Number(read('supervisor')), 'SIGKILL')
    expect(await ended).toEqual({ exit: 'SIGKILL' })
    expect(await host.stateOf(job, never)).toEqual({ is: 'gone' })
    expect(await host.stateOf('nothing', never)).toEqual({ is: 'unknown' })
  })

  test('does not make the operator’s files private: the command has the account’s own umask', async () => {
    await run(['sh', '-c', 'umask > mask'])
    expect(read('mask')).toBe(execFileSync('sh', ['-c', 'umask'], { encoding: 'utf8' }))
  })
})

describe('a host', () => {
  const reason = async () => {
    const other = open()
    const failure = await failing(other.look(spawned(['true']), () => {}, never))
    await other.close()
    return failure
  }

  test('that is not there', async () => {
    await server.stop()
    try {
      expect(await reason()).toMatchObject({
        kind: 'host-failed',
        reason: 'unreachable',
        message: expect.stringContaining('Connection refused'),
      })
    } finally {
      await server.start()
    }
  })

  test('whose key is not known, or has changed', async () => {
    server.distrust()
    expect(await reason()).toMatchObject({ reason: 'key-unknown' })
    server.trust(server.newKey())
    expect(await reason()).toMatchObject({
      reason: 'key-changed',
      message: expect.stringContaining('known_hosts:1'),
    })
    server.trust()
    expect(await look(['true'])).toMatchObject({ exit: 0 })
  })

  test('that does not take the key', async () => {
    const authorized = join(server.there, 'authorized')
    const before = readFileSync(authorized)
    server.forgetOperator()
    expect(await reason()).toMatchObject({
      reason: 'refused',
      message: expect.stringContaining('Permission denied (publickey)'),
    })
    writeFileSync(authorized, before)
  })

  test('takes one connection for many commands, and none is left', async () => {
    await Promise.all(Array.from({ length: 8 }, () => look(['true'])))
    await look(['true'])
    expect(server.connections()).toHaveLength(1)
    await host.close()
    await until(() => server.connections().length === 0, 'nobody is connected')
  })

  test('needs no ssh that is not there', async () => {
    const bare = new RemoteHost(server.host, { PATH: '/nowhere' })
    expect(await failing(bare.look(spawned(['true']), () => {}, never))).toMatchObject({
      kind: 'command-missing',
      program: 'ssh',
    })
    await bare.close()
  })
})

describe('a file', () => {
  const readIt = (name: string, from?: number) => readRemote(host, path(name), from, never)
  const writeIt = (name: string, content: string, mode?: number) =>
    writeRemote(host, path(name), content, mode, never)

  test('is read whole, from a place on, or from its end', async () => {
    await writeIt("a 'file'.txt", 'Grüße\nzwei\n')
    expect(await readIt("a 'file'.txt")).toBe('Grüße\nzwei\n')
    expect(await readIt("a 'file'.txt", 8)).toBe('zwei\n')
    expect(await readIt("a 'file'.txt", -5)).toBe('zwei\n')
    expect(await readIt("a 'file'.txt", 1000)).toBe('')
    expect(await readIt("a 'file'.txt", -1000)).toBe('Grüße\nzwei\n')
    await writeIt('empty', '')
    expect(await readIt('empty')).toBe('')
  })

  test('that cannot be read is said to be so', async () => {
    expect(await failing(readIt('none'))).toMatchObject({
      kind: 'file-failed',
      code: 'ENOENT',
      path: `${server.host}:${path('none')}`,
    })
    expect(await failing(readIt('.'))).toMatchObject({ code: 'EISDIR' })
    await writeIt('secret', 'x', 0)
    expect(await failing(readIt('secret'))).toMatchObject({ code: 'EACCES' })
    execFileSync('truncate', ['-s', '17M', path('large')])
    expect(await failing(readIt('large'))).toMatchObject({ code: 'EFBIG' })
  })

  test('is written whole or not at all, as it was', async () => {
    await writeIt('deep/er/file', 'new')
    expect([read('deep/er/file'), statSync(path('deep/er/file')).mode & 0o777]).toEqual(['new', 0o600])
    chmodSync(path('deep/er/file'), 0o750)
    symlinkSync(path('deep/er/file'), path('link'))
    await writeIt('link', 'newer')
    expect([read('deep/er/file'), statSync(path('deep/er/file')).mode & 0o777]).toEqual(['newer', 0o750])
    expect(readdirSync(path('deep/er'))).toEqual(['file'])
    const long = 'x'.repeat(3_000_000)
    await writeIt('long', long, 0o644)
    expect([read('long') === long, statSync(path('long')).mode & 0o777]).toEqual([true, 0o644])
  })

  test('is appended to through no link', async () => {
    const append = (name: string) => appendRemote(host, path(name), 'one\n', never)
    await append('ledger')
    await append('ledger')
    expect(read('ledger')).toBe('one\none\n')
    await writeIt('other', 'as it was\n')
    symlinkSync(path('other'), path('linked'))
    expect(await failing(append('linked'))).toMatchObject({ kind: 'file-failed' })
    expect(read('other')).toBe('as it was\n')
  })

  test('that cannot be written leaves nothing behind', async () => {
    mkdirSync(path('closed'))
    expect(await failing(writeIt('closed/file', 'x'))).toMatchObject({ code: 'EACCES' })
    expect(await failing(writeRemote(host, '/dev/full/x', 'x', undefined, never))).toMatchObject({
      kind: 'file-failed',
    })
    expect(readdirSync(path('closed'))).toEqual([])
  })
})

// To have a disk that fills up takes a right to mount one.
describe.skipIf(process.getuid?.() !== 0)('a disk that is full over there', () => {
  let small: Awaited<ReturnType<typeof sshd>>
  let disk = ''
  beforeEach(async () => {
    const folder = mkdtempSync(join(tmpdir(), 'runbook disk '))
    chmodSync(folder, 0o755)
    disk = join(folder, 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=128k,mode=0777', 'tmpfs', disk])
    small = await sshd({ session: { XDG_STATE_HOME: disk } })
    host = new RemoteHost(small.host, { ...process.env, ...small.variables })
  })
  afterEach(async () => {
    await host.close()
    await small.dispose()
    execFileSync('umount', [disk])
    rmSync(dirname(disk), { recursive: true })
  })
  const fill = () => {
    try {
      writeFileSync(join(disk, 'filler'), Buffer.alloc(1_000_000))
    } catch {}
  }

  test('lets nothing begin', async () => {
    fill()
    const marker = path('started')
    expect(await failing(start(['touch', marker]).ended)).toMatchObject({
      kind: 'file-failed',
      code: 'ENOSPC',
    })
    expect(existsSync(marker)).toBe(false)
    expect(
      await failing(writeRemote(host, join(disk, 'file'), 'x'.repeat(100), undefined, never)),
    ).toMatchObject({
      kind: 'file-failed',
      code: 'ENOSPC',
    })
    expect(readdirSync(disk)).not.toContain('file')
  })

  test('takes what a command prints from it, but not its exit status', async () => {
    const { exit, err } = await run(['sh', '-c', 'yes | head -c 500000; exit 9'])
    expect(exit).toBe(9)
    expect(err).toContain(`the disk of ${small.host} is full`)
  })
})
