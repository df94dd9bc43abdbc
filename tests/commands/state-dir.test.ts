import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asRoot, NOBODY } from '../rig/accounts.ts'
import { eventsIn, withoutPrivilege } from '../rig/command-line.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)
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

  test('that is made is passed over by git; one that is there already is left as it is', async () => {
    const { runbook, stateDir, folder } = await withBook('does("one")')
    expect((await runbook(['deploy', 'staging', '--yes'])).exit).toBe(0)
    expect(readFileSync(join(stateDir, '.gitignore'), 'utf8')).toBe('*\n')
    writeFileSync(join(folder, '.gitignore'), 'dist\n')
    // As `--state-dir .` has it, in a folder that is somebody's own.
    const own = await runbook(['deploy', 'staging', '--yes', '--state-dir', '.'])
    expect(own.exit, own.out).toBe(0)
    expect(readFileSync(join(folder, '.gitignore'), 'utf8')).toBe('dist\n')
    mkdirSync(join(folder, 'found'), { mode: 0o700 })
    expect((await runbook(['deploy', 'staging', '--yes', '--state-dir', 'found'])).exit).toBe(0)
    expect(existsSync(join(folder, 'found/.gitignore'))).toBe(false)
  })

  /** The group that only `nobody` is in: somebody else. */
  const NOGROUP = NOBODY
  const strange: [string, (stateDir: string) => void, RegExp, RegExp][] = [
    [
      'others may look into',
      (stateDir) => mkdirSync(stateDir, { mode: 0o755 }),
      /others may look into it: its mode is 0755/,
      /→ chmod 700 '.*the state'/,
    ],
    [
      'has transcripts into which others may look',
      (stateDir) => {
        mkdirSync(stateDir, { mode: 0o700 })
        mkdirSync(join(stateDir, 'runs'), { mode: 0o750 })
      },
      /the state\/runs is its owner’s alone; seen: .*0750/,
      /→ chmod 700 '.*the state\/runs'/,
    ],
    [
      'is a link',
      (stateDir) => {
        mkdirSync(`${stateDir} itself`, { mode: 0o700 })
        symlinkSync(`${stateDir} itself`, stateDir)
      },
      /it is a link to .*the state itself/,
      /→ name what is meant: --state-dir '.*the state itself'/,
    ],
    [
      'has a link in it',
      (stateDir) => {
        mkdirSync(stateDir, { mode: 0o700 })
        mkdirSync(`${stateDir} of others`, { mode: 0o700 })
        symlinkSync(`${stateDir} of others`, join(stateDir, 'backups'))
      },
      /the state\/backups is a folder itself; seen: it is a link/,
      /→ put the folder itself there: rm '.*backups'/,
    ],
    [
      'stands where anybody may put another one',
      (stateDir) => chmodSync(dirname(stateDir), 0o777),
      /any user may write .*place \(0777\)/,
      /→ chmod o-w '.*place'; or keep it/,
    ],
    [
      'stands two folders below one into which anybody may write',
      (stateDir) => {
        chmodSync(dirname(dirname(stateDir)), 0o777)
        mkdirSync(stateDir, { mode: 0o700 })
      },
      /any user may write .* \(0777\)/,
      /→ chmod o-w/,
    ],
  ]
  const strangeToRoot: typeof strange = [
    [
      'is somebody else’s',
      (stateDir) => {
        mkdirSync(stateDir, { mode: 0o700 })
        chownSync(stateDir, NOBODY, NOGROUP)
      },
      /the state belongs to nobody, not to root/,
      /→ chown root '.*the state'; or keep your own/,
    ],
    [
      'stands in a folder of somebody else',
      (stateDir) => chownSync(dirname(stateDir), NOBODY, NOGROUP),
      /place belongs to nobody/,
      /→ chown root '.*place'/,
    ],
    [
      'stands where the group of others may put another one',
      (stateDir) => {
        chownSync(dirname(stateDir), 0, NOGROUP)
        chmodSync(dirname(stateDir), 0o775)
      },
      /the group \w+ may write .*place \(0775\)/,
      /→ chmod g-w '.*place'/,
    ],
    [
      'is led to by a link of somebody else',
      (stateDir) => {
        const place = dirname(stateDir)
        renameSync(place, `${place} itself`)
        chmodSync(dirname(place), 0o1777)
        symlinkSync(`${place} itself`, place)
        lchownSync(place, NOBODY, NOGROUP)
      },
      /place belongs to nobody/,
      /→ chown root/,
    ],
  ]
  test.each(asRoot ? [...strange, ...strangeToRoot] : strange)(
    'that %s is refused, and nothing is changed',
    async (_, prepare, seen, remedy) => {
      const { runbook, folder, in: inApp } = await withBook('does("one")')
      const stateDir = join(folder, 'outer/place/the state')
      mkdirSync(dirname(stateDir), { recursive: true })
      prepare(stateDir)
      const before = modesBelow(join(folder, 'outer'))
      for (const args of [
        ['deploy', 'staging', '--yes'],
        ['lock', 'staging', '--reason', 'why'],
      ]) {
        const { exit, out, err } = await runbook([...args, '--state-dir', stateDir])
        expect([exit, out + err]).toEqual([3, expect.stringMatching(seen)])
        expect(out + err).toMatch(remedy)
      }
      expect(modesBelow(join(folder, 'outer'))).toEqual(before)
      expect(existsSync(inApp('done-one'))).toBe(false)
    },
  )

  test('may stand in a sticky folder such as /tmp, and in a clone that a team shares by its group', async () => {
    const { runbook, folder } = await withBook('does("one")')
    const deploy = (at: string) =>
      runbook(['deploy', 'staging', '--yes', '--state-dir', join(folder, at, '.runbook')])
    for (const at of ['sticky', 'shared']) mkdirSync(join(folder, at))
    chmodSync(join(folder, 'sticky'), 0o1777)
    expect((await deploy('sticky')).exit).toBe(0)
    execFileSync('git', ['init', '-q', '--shared=group', join(folder, 'shared')])
    if (asRoot) chownSync(join(folder, 'shared'), 0, NOGROUP)
    chmodSync(join(folder, 'shared'), 0o2775)
    const shared = await deploy('shared')
    expect(shared.exit, shared.out + shared.err).toBe(0)
    // The group is believed, and not everybody.
    chmodSync(join(folder, 'shared'), 0o2777)
    expect((await deploy('shared')).exit).toBe(3)
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
        mkdirSync(join(folder, '.runbook'), { mode: 0o700 })
        chmodSync(join(folder, '.runbook'), 0o500)
      },
    ],
    ['is a file', (folder: string) => writeFileSync(join(folder, '.runbook'), '')],
    [
      'has locks that may not be written',
      (folder: string) => {
        mkdirSync(join(folder, '.runbook/locks/staging'), { recursive: true, mode: 0o700 })
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
