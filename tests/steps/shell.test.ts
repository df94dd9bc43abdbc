import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { fileExists } from '../../checks/file-exists.ts'
import { type Command, Failed, printText, secret } from '../../runbook/index.ts'
import { shell } from '../../steps/shell.ts'
import { alive } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const folder = async (variables: Record<string, string> = {}, secrets: Record<string, string> = {}) => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook shell '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  const rig = await stepRig({ dir, variables, secrets })
  ends.push(rig.dispose)
  return { dir, rig, read: (path: string) => readFileSync(join(dir, path), 'utf8') }
}
const nothing = { nothing: 'a test' }
/** What a block observes in which no program migrates. */
const unmigrated = { migrates: [], takesBackData: [] }
const printed = (run: { events: { type: string }[] }) =>
  run.events
    .flatMap((event) => (event.type === 'output' ? [(event as unknown as { text: string }).text] : []))
    .join('')

test('runs a block word for word, and prints it so in the plan', async () => {
  const { rig, dir, read } = await folder()
  const block =
    'mkdir -p "a folder"\ncd "a folder"\necho "$WHO \\\\ `echo ticked`" > \'it is\'\necho "${WHO:-x} $(( 1 + 1 ))"'
  const step = shell({ block, env: { WHO: 'Ada' }, undo: nothing })
  const { steps } = await rig.plan(step)
  expect(steps[0]!.actions[0]!.printed).toContain(block.replaceAll("'", "'\\''"))
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(read('a folder/it is')).toBe('Ada \\ ticked\n')
  expect(printed(run)).toBe('Ada 2\n')
  expect(run.performed).toEqual(steps[0]!.actions.map((action) => action.printed))
  expect(readdirSync(dir)).toEqual(['a folder'])
})

test.each([
  ['a line that fails', 'false\ntouch reached', 1],
  ['a failure inside of a pipe', 'false | true\ntouch reached', 1],
  ['a variable that is not set', 'echo "$NOT_SET_ANYWHERE"\ntouch reached', 1],
  ['its own exit', 'echo last words >&2; exit 42\ntouch reached', 42],
  ['a signal', 'kill -9 $$\ntouch reached', 'SIGKILL'],
])('%s stops a block', async (_, block, exit) => {
  const { rig, dir } = await folder()
  const run = await rig.run(shell({ block, undo: nothing }))
  expect(run.failure).toMatchObject({ kind: 'command-failed', exit })
  if (exit === 42) expect((run.failure as { tail: string }).tail).toBe('last words')
  expect(existsSync(join(dir, 'reached'))).toBe(false)
})

test('standard input is empty, and ~/.bashrc is left alone', async () => {
  const home = mkdtempSync(join(tmpdir(), 'runbook home '))
  ends.push(() => rmSync(home, { recursive: true, force: true }))
  writeFileSync(join(home, '.bashrc'), 'echo from bashrc\n')
  const { rig } = await folder({ HOME: home, SHLVL: '' })
  const run = await rig.run(shell({ block: 'cat; echo read', undo: nothing }))
  expect(printed(run)).toBe('read\n')
  const script = await rig.run(shell({ script: 'console.log((await $`echo out`).stdout)', undo: nothing }))
  expect(printed(script)).not.toContain('from bashrc')
})

test('runs a script of zx, shows what its commands print, and fails with it', async () => {
  const { rig, dir, read } = await folder()
  mkdirSync(join(dir, 'a sub'))
  const script = "const name = (await $`echo made by zx`).stdout.trim()\nawait fs.writeFile('made.txt', name)"
  const run = await rig.run(shell({ script, in: 'a sub', undo: nothing }))
  expect(run.failure).toBeUndefined()
  expect(read('a sub/made.txt')).toBe('made by zx')
  expect(printed(run)).toContain('$ echo made by zx')
  expect(readdirSync(dir)).toEqual(['a sub'])
  const failing = await rig.run(shell({ script: 'await $`echo no such luck >&2; exit 3`', undo: nothing }))
  expect(failing.failure).toMatchObject({ kind: 'command-failed', exit: 1 })
  expect((failing.failure as { tail: string }).tail).toContain('exit code: 3')
})

test('a block may print more than zx could hold', async () => {
  const { rig } = await folder()
  const step = shell({ block: "head -c 600000000 /dev/zero | tr '\\0' x", undo: nothing })
  const known = { observed: unmigrated, env: rig.env, run: { stamp: '', backups: '', copies: '' } }
  const { argv } = (step.actions(known) as { run: Command }).run
  const [program, ...args] = argv.map(printText)
  const child = spawn(program!, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let size = 0
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
  })
  const exit = await new Promise((resolve) => child.on('close', resolve))
  expect({ exit, size }).toEqual({ exit: 0, size: 600_000_000 })
})

test('an interrupt ends the whole tree of a block', async () => {
  const { rig, dir } = await folder()
  const pids = join(dir, 'pids')
  const running = rig.run(shell({ block: 'sleep 300 & echo $! $$ > pids; sleep 300', undo: nothing }))
  await vi.waitFor(() => expect(readFileSync(pids, 'utf8').trim()).toMatch(/^\d+ \d+$/), 20_000)
  rig.abort.abort(new Failed({ kind: 'interrupted', signal: 'SIGINT' }))
  expect((await running).failure?.kind).toBe('interrupted')
  for (const pid of readFileSync(pids, 'utf8').trim().split(' ')) expect(alive(Number(pid))).toBe(false)
})

test('without `after` only the exit status proves it, and it runs each time; with it, it can be done', async () => {
  const { rig, read } = await folder()
  const blind = shell({ block: 'echo x >> log', undo: nothing })
  await rig.run(blind)
  const run = await rig.run(blind)
  expect(run.ended).toBe('done')
  expect(run.events.find(({ type }) => type === 'looked')).toMatchObject({
    fact: 'it ended with exit 0, and nothing else is known of what it did',
  })
  expect(read('log')).toBe('x\nx\n')
  const seeing = shell({ block: 'touch made', undo: nothing, after: [fileExists('made')] })
  expect((await rig.run(seeing)).ended).toBe('done')
  expect((await rig.run(seeing)).ended).toBe('skipped')
  const liar = shell({ block: 'true', undo: nothing, after: [fileExists('never made')] })
  expect((await rig.run(liar)).failure?.kind).toBe('after-unmet')
})

test('secrets reach it by its variables, and are not printed', async () => {
  const { rig } = await folder({}, { TOKEN: 'very-secret-token-1' })
  const step = shell({ block: 'echo "token: $TOKEN"', env: { TOKEN: secret('TOKEN') }, undo: nothing })
  const run = await rig.run(step)
  expect(run.failure).toBeUndefined()
  expect(run.performed[0]).toContain('TOKEN=‹secret TOKEN›')
  expect(JSON.stringify(run.events)).not.toContain('very-secret-token-1')
})

test('the way back is a block, or a reason', () => {
  const known = { observed: unmigrated, env: {} as never, run: { stamp: '', backups: '', copies: '' } }
  const back = shell({ block: 'touch a', undo: { block: 'rm a' }, in: 'sub' }).undo(known)
  expect(back).toMatchObject({ kind: 'reverse', of: 'code', actions: { back: { cwd: 'sub' } } })
  const reason = { forwardOnly: 'mails were sent', instead: 'send another one' }
  expect(shell({ block: 'x', undo: reason }).undo(known)).toEqual({
    kind: 'forward-only',
    because: 'mails were sent',
    instead: 'send another one',
  })
  expect(shell({ block: 'x', undo: nothing }).undo(known).kind).toBe('nothing')
})

test.each([
  ['by its role', { role: 'migration' as const, block: './own-tool up', undo: { block: './own-tool down' } }],
  ['by its program', { block: 'npx knex migrate:latest', undo: { block: './own-tool down' } }],
  ['by the program of its undo', { block: './own-tool up', undo: { block: 'npx knex migrate:rollback' } }],
  ['by a script', { script: 'await $`npx knex migrate:latest`', undo: { block: './own-tool down' } }],
  ['by what package.json calls so', { block: 'npm run up', undo: { block: './own-tool down' } }],
])('what changes the database, %s, has a database undo', async (how, options) => {
  const { rig, dir } = await folder()
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ scripts: { up: 'typeorm migration:run' } }))
  const step = shell(options)
  expect(step.mistakes).toEqual([])
  const [planned] = (await rig.plan(step)).steps
  expect(step.undo({ observed: planned!.observed as never, env: rig.env, run: null as never })).toMatchObject(
    {
      kind: 'reverse',
      of: 'schema',
    },
  )
  const warnings = planned!.dangers?.filter(({ rule }) => rule === 'migration-without-role') ?? []
  expect(warnings).toHaveLength(how === 'by its role' ? 0 : 1)
  if (warnings[0]) expect(warnings[0]).toMatchObject({ what: expect.stringMatching(/knex|typeorm/) })
})

test('without a sort it follows where there is nothing to undo, as of a restart, and is a state otherwise', () => {
  const reason = { forwardOnly: 'mails were sent', instead: 'send another one' }
  expect(shell({ block: 'x', undo: nothing }).sort).toBe('follows')
  expect(shell({ block: 'x', undo: nothing, role: 'migration' }).sort).toBe('state')
  expect(shell({ block: 'x', undo: nothing, sort: 'state' }).sort).toBe('state')
  expect(shell({ block: 'x', undo: { block: 'y' } }).sort).toBe('state')
  expect(shell({ block: 'x', undo: reason }).sort).toBe('state')
})

test('mistakes of the book are named', () => {
  const migrating = shell({ block: 'x', undo: nothing, role: 'migration', sort: 'follows' })
  expect(migrating.mistakes).toEqual([
    { at: 'steps.shell.sort', expected: "is 'state' for the role 'migration', or is left out" },
  ])
  expect(shell({ undo: nothing }).mistakes).toEqual([
    { at: 'steps.shell', expected: 'either `block` or `script`' },
  ])
  expect(shell({ block: 'a', script: 'b', undo: nothing }).mistakes).toHaveLength(1)
  expect(shell({ block: ' \n', undo: nothing }).mistakes[0]).toMatchObject({ at: 'steps.shell.block' })
  // @ts-expect-error: the way back must be told
  expect(shell({ block: 'a' }).mistakes[0]).toMatchObject({ at: 'steps.shell.undo' })
})
