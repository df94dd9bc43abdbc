import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, bookOf, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookFolder>) => {
  const book = await bookFolder(...args)
  ends.push(book.dispose)
  return book
}

describe('the book', () => {
  test('is missed by name, with what to do', async () => {
    const { runbook, folder } = await withBook(undefined)
    const { exit, out, err } = await runbook(['plan', 'staging'])
    expect(exit).toBe(2)
    expect(out).toBe('')
    expect(err).toContain(`there is no runbook.config.ts in ${folder} or in a folder above it`)
    expect(err).toContain('name it with --config')
  })

  test('that --config names is missed by its path', async () => {
    const { runbook, folder } = await withBook(bookOf('does("one")'))
    const { exit, err } = await runbook(['plan', 'staging', '--config', 'other.ts'])
    expect(exit).toBe(2)
    expect(err).toContain(`there is no book at ${join(folder, 'other.ts')}`)
  })

  test('is found from a folder below, and its own folder is what paths are relative to', async () => {
    const { runbook, folder, stateDir, in: inApp } = await withBook(bookOf('does("one")'))
    const below = join(folder, 'some where/deep')
    await mkdir(below, { recursive: true })
    const { exit } = await runbook(['deploy', 'staging', '--yes'], { cwd: below })
    expect(exit).toBe(0)
    expect(existsSync(inApp('done-one'))).toBe(true)
    expect(existsSync(join(stateDir, 'runs'))).toBe(true)
  })

  test('that --config names is used from anywhere', async () => {
    const { runbook, folder, stateDir } = await withBook(bookOf('does("one")'))
    const elsewhere = await mkdtemp(join(tmpdir(), 'elsewhere '))
    ends.push(() => rm(elsewhere, { recursive: true }))
    const { exit } = await runbook(
      ['deploy', 'staging', '--yes', '--config', join(folder, 'runbook.config.ts')],
      {
        cwd: elsewhere,
      },
    )
    expect(exit).toBe(0)
    expect(existsSync(join(stateDir, 'runs'))).toBe(true)
  })

  test('is kept as JavaScript until it changes, and loaded without that where nothing can be kept', async () => {
    const { runbook, folder } = await withBook(bookOf('does("one")'))
    const cache = join(folder, 'cache')
    const plan = () => runbook(['plan', 'staging'], { variables: { XDG_CACHE_HOME: cache } })
    expect((await plan()).out).toContain('Do one')
    const [kept, ...more] = await readdir(join(cache, 'runbook'))
    expect([kept, more]).toEqual([expect.stringContaining('runbook.config'), []])
    const place = join(cache, 'runbook', kept!)
    const { mtimeMs } = await stat(place)
    expect((await plan()).out).toContain('Do one')
    expect((await stat(place)).mtimeMs).toBe(mtimeMs)
    await writeFile(join(folder, 'runbook.config.ts'), bookOf('does("another")'))
    expect((await plan()).out).toContain('Do another')
    // It is written nowhere.
    await rm(place)
    await symlink(join(folder, 'nowhere/else'), place)
    expect(await plan()).toMatchObject({ exit: 0, err: '', out: expect.stringContaining('Do another') })
  })

  test('has all of its mistakes named at once, with place and what was expected', async () => {
    const { runbook, stateDir, folder } = await withBook(`${prelude}
      import { pullCode, pm2Restart } from 'runbook/steps'
      export default defineRunbook({
        nmae: 'x',
        environments: {
          production: { protected: 'yes', app: { dir: '', url: 'nonsense' } },
          staging: { app: { dir: 'app', brnch: 'main' } },
          local: { app: { dir: 'app' }, database: { url: 'postgresql://u:p@h/d' } },
        },
        deploy: () => [pullCode({ remtoe: 'origin' }), pm2Restart({}), does('one'), does('one')],
      } as never)`)
    const { exit, err, out } = await runbook(['deploy', 'staging', '--yes'])
    expect(exit).toBe(2)
    expect(out).toBe('')
    for (const place of [
      'nmae: is not a known key',
      'name: must be a string',
      'environments.production.protected: must be true or false',
      'environments.production.app.dir: must not be empty',
      'environments.production.app.url: must be a URL',
      'environments.staging.app.brnch: is not a known key',
      "environments.local.database.url: must be secret('NAME')",
      'steps.pull-code.remtoe: is not a known key',
      'steps.pm2-restart.process: expected string, received undefined',
      'steps.one: stands twice in the book; give one of them another `id`',
    ])
      expect(err).toContain(`\n  ${place}`)
    expect(err).toContain('has 10 mistakes:')
    expect(err).toContain(join(folder, 'runbook.config.ts'))
    expect(err).not.toContain('u:p@h')
    expect(existsSync(stateDir)).toBe(false)
  })

  test('that cannot be compiled is named with the place of the mistake', async () => {
    const { runbook } = await withBook(`${prelude}\nexport default defineRunbook({ name: 'x',, })`)
    const { exit, err } = await runbook(['plan', 'staging'])
    expect(exit).toBe(2)
    expect(err).toContain('runbook.config.ts cannot be loaded')
    expect(err).not.toContain('node_modules')
  })

  test('that throws while it is loaded, or exports nothing, is a mistake of the book', async () => {
    const throwing = await withBook(`throw new Error('no such luck')`)
    const thrown = await throwing.runbook(['plan', 'staging'])
    expect(thrown.exit).toBe(2)
    expect(thrown.err).toContain('no such luck')
    const empty = await withBook('export const book = 1')
    const missing = await empty.runbook(['plan', 'staging'])
    expect(missing.exit).toBe(2)
    expect(missing.err).toContain('must be exported by default')
  })

  test('whose deploy throws for one environment is a mistake of that environment', async () => {
    const { runbook } = await withBook(
      bookOf('env.name === "production" ? (undefined as any).x : does("one")'),
    )
    const { exit, err } = await runbook(['plan', 'staging'])
    expect(exit).toBe(2)
    expect(err).toContain('deploy: cannot be called for production')
  })

  test('imports a step of the team from a file beside it, which imports another', async () => {
    const { runbook, in: inApp } = await withBook(
      `import { defineRunbook } from 'runbook'
       import { greet } from './steps/greet.ts'
       export default defineRunbook({
         name: 'own', environments: { staging: { app: { dir: 'app' } } }, deploy: () => [greet({ whom: 'world' })],
       })`,
      {
        'steps/greet.ts': `import { defineStep, writesFile, nothingToUndo } from 'runbook'
          import { fileContains } from 'runbook/checks'
          import { greeting } from './words/greeting.ts'
          export const greet = ({ whom }: { whom: string }) => defineStep({
            id: 'greet', title: 'Greet', about: 'Greets.', sort: 'follows',
            actions: () => ({ write: writesFile('greeting.txt', greeting(whom)) }),
            after: () => [fileContains('greeting.txt', greeting(whom))],
            undo: () => nothingToUndo('it is a greeting'),
          })`,
        'steps/words/greeting.ts': 'export const greeting = (whom: string): string => `hello ${whom}`',
      },
    )
    const { err } = await runbook(['deploy', 'staging', '--yes'])
    expect(err).toBe('')
    expect(existsSync(inApp('greeting.txt'))).toBe(true)
  })
})

describe('an environment', () => {
  const book = bookOf('does("one")')

  test('that the book lacks is named with those it has and the nearest', async () => {
    const { runbook, stateDir } = await withBook(book)
    const { exit, err } = await runbook(['deploy', 'prodction', '--yes'])
    expect(exit).toBe(2)
    expect(err).toContain("no environment 'prodction'; it has staging, production")
    expect(err).toContain('did you mean production?')
    expect(existsSync(stateDir)).toBe(false)
  })

  test.each(['constructor', '__proto__', 'toString'])('is not looked for in what %s is', async (name) => {
    const { runbook } = await withBook(book)
    expect((await runbook(['plan', name])).exit).toBe(2)
  })

  test('left out without a terminal is asked for by name, and nothing is done', async () => {
    const { runbook, stateDir } = await withBook(book)
    const { exit, err } = await runbook(['deploy', '--yes'])
    expect(exit).toBe(4)
    expect(err).toContain('staging, production')
    expect(existsSync(stateDir)).toBe(false)
  })

  test('left out on a terminal is chosen there', async () => {
    const { startOnTerminal } = await withBook(book)
    const { type, shows, ended } = startOnTerminal(['plan'])
    await shows('Which environment?')
    type('\u001b[B')
    await shows(/❯ production/)
    type('\r')
    await shows('Plan: tested to production')
    expect(await ended).toEqual({ exit: 0, signal: 0 })
  })
})

describe('usage', () => {
  const call = async (...args: string[]) => (await withBook(bookOf('does("one")'))).runbook(args)

  test('is told by --help, with the exit statuses', async () => {
    const { exit, out, err } = await call('--help')
    expect([exit, err]).toEqual([0, ''])
    for (const word of ['deploy', 'plan', 'verify', 'runs', 'show', 'doctor', 'Exit status: 0 done'])
      expect(out).toContain(word)
  })

  test('has a version', async () => {
    expect(await call('--version')).toMatchObject({ exit: 0, out: '0.1.0\n', err: '' })
  })

  test.each([
    [[]],
    [['deplyo', 'staging']],
    [['deploy', 'staging', '--confrim', 'x']],
    [['deploy', 'staging', 'production']],
    [['deploy', 'staging', '--confirm']],
  ])('%j is refused with 2', async (args) => {
    const { exit, out, err } = await call(...args)
    expect([exit, out]).toEqual([2, ''])
    expect(err).not.toBe('')
  })
})
