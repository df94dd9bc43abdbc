import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn, withoutPrivilege } from '../rig/command-line.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  return book
}
/** Every path below a folder, with its mode. */
const modesBelow = (folder: string): [string, string][] =>
  ['.', ...(readdirSync(folder, { recursive: true }) as string[])].map((path) => {
    const stat = lstatSync(join(folder, path))
    return [`${stat.isDirectory() ? 'folder' : 'file'} ${path}`, (stat.mode & 0o7777).toString(8)]
  })
const underUmask = (umask: string) => ['sh', '-c', `umask ${umask} && exec "$0" "$@"`]

describe('the state folder', () => {
  test.each(['000', '022', '077', '027'])('is its owner’s alone under umask %s', async (umask) => {
    const { runbook, stateDir } = await withBook('does("one")')
    expect((await runbook(['deploy', 'staging', '--yes'], { through: underUmask(umask) })).exit).toBe(0)
    const modes = modesBelow(stateDir)
    for (const [path, mode] of modes)
      expect([path, mode]).toEqual([path, path.startsWith('folder') ? '700' : '600'])
    expect(modes.map(([path]) => path).join()).toMatch(/journal\.jsonl/)
  })

  test('that stood open is closed, and git passes it over', async () => {
    const { runbook, stateDir } = await withBook('does("one")')
    mkdirSync(join(stateDir, 'runs'), { recursive: true, mode: 0o755 })
    mkdirSync(join(stateDir, 'locks'), { recursive: true, mode: 0o755 })
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    for (const folder of ['runs', 'locks', 'backups'])
      expect(modesBelow(stateDir)).toContainEqual([`folder ${folder}`, '700'])
    expect(readFileSync(join(stateDir, '.gitignore'), 'utf8')).toBe('*\n')
  })

  test('is where --state-dir says, relative to where the operator is', async () => {
    const { runbook, folder, app, stateDir } = await withBook('does("one")')
    const { exit, out } = await runbook(['deploy', 'staging', '--yes', '--state-dir', '../the state'], {
      cwd: app,
    })
    expect(exit).toBe(0)
    expect(readdirSync(join(folder, 'the state/runs'))).toHaveLength(1)
    expect(existsSync(stateDir)).toBe(false)
    expect(out).toMatch(/transcript {2}.*the state\/runs\/.*journal\.jsonl/)
  })

  test.each([
    [
      'may not be written',
      (folder: string) => {
        mkdirSync(join(folder, '.runbook'))
        chmodSync(join(folder, '.runbook'), 0o500)
      },
    ],
    ['is a file', (folder: string) => writeFileSync(join(folder, '.runbook'), '')],
    [
      'has locks that may not be written',
      (folder: string) => {
        mkdirSync(join(folder, '.runbook/locks/staging'), { recursive: true })
        chmodSync(join(folder, '.runbook/locks/staging'), 0o500)
      },
    ],
  ])('that %s stops the run before it begins', async (_, prepare) => {
    const { runbook, folder, in: inApp } = await withBook('does("one")')
    prepare(folder)
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'], { through: withoutPrivilege })
    expect(exit).toBe(3)
    expect(out + err).toContain(join(folder, '.runbook'))
    expect(out + err).toMatch(/→ (make room|look at its owner)/)
    expect(out + err).not.toContain('mistake in runbook')
    expect(existsSync(inApp('done-one'))).toBe(false)
  })
})

describe('a full disk', () => {
  // The limit on a file's size stands in for it: of a write that goes beyond it only a part is written.
  const withRoomFor = (blocks: number) => ['bash', '-c', `trap '' XFSZ; ulimit -f ${blocks}; exec "$0" "$@"`]

  test('stops the run before its next effect, and the transcript stays whole', async () => {
    const { runbook, in: inApp } = await withBook(
      `does("one", "seq 1 400"), does("two", "seq 1 400"), does("three", "seq 1 400"), does("four", "seq 1 400")`,
    )
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'], { through: withRoomFor(6) })
    expect([exit, err]).toEqual([1, ''])
    expect(out).toContain('the transcript cannot be written')
    expect(out).toContain('make room')
    expect(existsSync(inApp('done-one'))).toBe(true)
    expect(existsSync(inApp('done-four'))).toBe(false)
    const shown = await runbook(['show', '--json'])
    expect([shown.exit, shown.err]).toEqual([0, ''])
    expect(eventsIn(shown.out).length).toBeGreaterThan(10)
    // With room again it goes on.
    const resumed = await runbook(['resume', '--yes'])
    expect(resumed.exit, resumed.out).toBe(0)
    expect(existsSync(inApp('done-four'))).toBe(true)
  })

  test('while a child prints ends it before its next line, frees the lock, and with room again it goes on', async () => {
    const { runbook, in: inApp } = await withBook(
      `does("one", "echo x >> begun; test -e go || seq 1 100000"), does("two")`,
    )
    const { exit, out, err } = await runbook(['deploy', 'staging', '--yes'], { through: withRoomFor(64) })
    expect([exit, err]).toEqual([1, ''])
    expect(out).toContain('the transcript cannot be written')
    expect(existsSync(inApp('done-one'))).toBe(false)
    writeFileSync(inApp('go'), '')
    const again = await runbook(['resume', '--yes', '--verbose'])
    expect(again.exit, again.out).toBe(0)
    expect(again.out).not.toContain('taken over')
    expect(existsSync(inApp('done-two'))).toBe(true)
    expect(readFileSync(inApp('begun'), 'utf8')).toBe('x\nx\n')
  })
})

describe('a reader that goes away', () => {
  test.each([['--json'], ['--verbose']])('does not end a deployment (%s)', async (flag) => {
    const {
      runbook,
      in: inApp,
      stateDir,
    } = await withBook(`does("one", "until [ -e gone ]; do sleep 0.02; done; seq 1 30000"), does("two")`)
    const pipe = [
      'bash',
      '-c',
      `set -o pipefail; "$0" "$@" | { head -n 1; exec <&-; touch '${inApp('gone')}'; }`,
    ]
    const { exit, out } = await runbook(['deploy', 'staging', '--yes', flag], { through: pipe })
    expect(out.split('\n')).toHaveLength(2)
    expect(exit).toBe(0)
    expect(existsSync(inApp('done-two'))).toBe(true)
    const run = readdirSync(join(stateDir, 'runs'))[0]!
    expect(readFileSync(join(stateDir, 'runs', run, 'journal.jsonl'), 'utf8')).toContain('"verdict":"done"')
  })
})
