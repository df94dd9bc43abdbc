import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, until } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { type Files, git, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { inTurn } from '../rig/in-turn.ts'
import { programFolder } from '../rig/program-folder.ts'

// A pull, or its way back, that is cut off in git's checkout: whatever is typed then ends in exactly one revision.

const ends = endsAfterEach()

const many = (count: number, entry: (i: number) => [string, string | null]): Files =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => entry(i)))

/** The files that a filter writes slowly, one after the other, so that a moment of the checkout can be met. */
const SLOW = 40

const world = async () => {
  const remote = gitRemote({
    '.gitattributes': 'slow/* filter=slow\n',
    ...many(SLOW, (i) => [`slow/${i}`, `old ${i}\n`]),
    ...many(150, (i) => [`app/file ${i}`, `old ${i}\n`]),
    ...many(50, (i) => [`gone/${i}`, `old ${i}\n`]),
    'folder/inner': 'a folder that becomes a file\n',
  })
  ends.push(remote.dispose)
  const { clone, desk, home, first } = remote
  chmodSync(join(desk, 'app/file 3'), 0o755)
  rmSync(join(desk, 'folder'), { recursive: true })
  const to = remote.push({
    ...many(SLOW, (i) => [`slow/${i}`, `new ${i}\n`]),
    ...many(150, (i) => [`app/file ${i}`, `new ${i}\n`]),
    ...many(50, (i) => [`gone/${i}`, null]),
    ...many(150, (i) => [`brought/deep/ü ${i}`, `new ${i}\n`]),
    folder: 'a file\n',
  })
  const filter = join(home, 'filter.sh')
  writeFileSync(filter, `#!/bin/sh\n[ -e '${home}/slow' ] && sleep 0.15\ncat\n`, { mode: 0o755 })
  git(clone, 'config', 'filter.slow.smudge', `'${filter}'`)
  git(clone, 'config', 'filter.slow.clean', 'cat')
  const place = await bookFolder(`
    import { defineRunbook } from 'runbook'
    import { pullCode } from 'runbook/steps'
    export default defineRunbook({
      name: 'tested',
      environments: { staging: { app: { dir: ${JSON.stringify(clone)}, branch: 'main', url: 'http://127.0.0.1:9' } } },
      deploy: () => [pullCode()],
    })`)
  ends.push(place.dispose)
  const at = (path: string) => join(clone, path)
  const slowly = () => writeFileSync(join(home, 'slow'), '')
  // The tool's git calls no hook, and only a hook holds git while it moves its refs: this one puts it back.
  const real = execFileSync('which', ['git'], { encoding: 'utf8' }).trim()
  const bin = programFolder({
    scripts: {
      git: `[ "$2" = core.hooksPath=/dev/null ] && [ -e '${home}/hooks' ] && { shift 2; exec ${real} -c core.hooksPath='${home}/hooks' "$@"; }\nexec ${real} "$@"`,
    },
  })
  const variables = { ...gitVariables, PATH: `${bin}:${process.env.PATH}` }
  const call = (...args: string[]) => place.start([...args, '--yes'], { variables })
  const run = (...args: string[]) => {
    rmSync(join(home, 'slow'), { force: true })
    return call(...args).ended
  }
  /** Ends a command once `moment` has come. */
  const cutOff = async (args: string[], moment: () => boolean, how: Blow) => {
    slowly()
    const { child, ended } = call(...args)
    await until(moment, 'the middle of the checkout')
    if (how !== 'git') child.kill(how === 'both' ? 'SIGKILL' : how)
    if (how === 'git' || how === 'both') for (const pid of gitsIn(clone)) process.kill(pid, 'SIGKILL')
    const { exit } = await ended
    rmSync(join(home, 'slow'), { force: true })
    return exit
  }
  return {
    ...remote,
    ...place,
    to,
    from: first,
    at,
    run,
    cutOff,
    is: (want: string) => demandExactly(clone, want),
  }
}
type Blow = NodeJS.Signals | 'git' | 'both'

const gitsIn = (clone: string): number[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      const isGit = readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('git')
      return isGit && readlinkSync(`/proc/${pid}/cwd`) === clone ? [Number(pid)] : []
    } catch {
      return []
    }
  })

/** HEAD, index and files are those of a revision; nothing else is there, and nothing stands still. */
const demandExactly = (clone: string, revision: string) => {
  expect(git(clone, 'rev-parse', 'HEAD')).toBe(revision)
  expect(git(clone, 'status', '--porcelain', '--untracked-files=all', '--ignore-submodules=none')).toBe('')
  expect(git(clone, 'diff', revision)).toBe('')
  // By content, whatever the index knows of times.
  const fresh = { ...process.env, ...gitVariables, GIT_INDEX_FILE: join(clone, '.git/judge') }
  execFileSync('git', ['read-tree', revision], { cwd: clone, env: fresh })
  expect(spawnSync('git', ['diff', '--quiet'], { cwd: clone, env: fresh }).status).toBe(0)
  rmSync(join(clone, '.git/judge'))
  expect(execFileSync('find', [join(clone, '.git'), '-name', '*.lock'], { encoding: 'utf8' })).toBe('')
  expect(existsSync(join(clone, '.git/RUNBOOK_MOVE'))).toBe(false)
  expect(existsSync(join(clone, 'brought'))).toBe(git(clone, 'ls-tree', revision, 'brought') !== '')
}

const ways = [['resume'], ['rollback', 'staging'], ['deploy', 'staging']]
const blows: Blow[] = ['SIGINT', 'SIGTERM', 'SIGKILL', 'git', 'both']

test.each<[Blow, number]>(blows.map((how, turn) => [how, turn]))(
  'a pull that %s ends in the middle of its checkout: gone on with, taken back, and deployed again',
  async (how, turn) => {
    const { at, run, cutOff, is, from, to, clone } = await world()
    const middle = () => existsSync(at('slow/15')) && readFileSync(at('slow/15'), 'utf8').startsWith('new')
    for (const way of inTurn(ways, turn)) {
      await cutOff(['deploy', 'staging'], middle, how)
      const { exit, out, err } = await run(...way)
      expect([way[0], exit], out + err).toEqual([way[0], 0])
      is(way[0] === 'rollback' ? from : to)
      git(clone, 'checkout', '--quiet', 'main')
      git(clone, 'reset', '--quiet', '--hard', from)
    }
  },
)

test('a way back that is killed in the middle of its checkout', async () => {
  const { at, run, cutOff, is, from, to } = await world()
  const middle = () => existsSync(at('slow/15')) && readFileSync(at('slow/15'), 'utf8').startsWith('old')
  for (const way of inTurn(ways, 1)) {
    expect((await run('deploy', 'staging')).exit).toBe(0)
    await cutOff(['rollback', 'staging'], middle, 'both')
    const { exit, out, err } = await run(...way)
    expect([way[0], exit], out + err).toEqual([way[0], 0])
    is(way[0] === 'deploy' ? to : from)
  }
})

test.each([
  ['prepared', 1],
  ['committed', 2],
])('a git that is killed when its refs are %s', async (state, turn) => {
  const { at, run, cutOff, is, home, from, to, clone } = await world()
  const hook = join(home, 'hooks/reference-transaction')
  for (const way of inTurn(ways, turn)) {
    mkdirSync(join(home, 'hooks'))
    writeFileSync(
      hook,
      `#!/bin/sh\ngrep -q refs/heads/main - || exit 0\n[ "$1" = ${state} ] || exit 0\ntouch '${home}/there'\nwhile [ -e '${home}/there' ]; do sleep 0.1; done\n`,
      { mode: 0o755 },
    )
    await cutOff(['deploy', 'staging'], () => existsSync(join(home, 'there')), 'both')
    rmSync(join(home, 'there'))
    rmSync(join(home, 'hooks'), { recursive: true })
    if (state === 'prepared') expect(existsSync(at('.git/refs/heads/main.lock'))).toBe(true)
    const { exit, out, err } = await run(...way)
    expect([way[0], exit], out + err).toEqual([way[0], 0])
    is(way[0] === 'rollback' ? from : to)
    git(clone, 'checkout', '--quiet', 'main')
    git(clone, 'reset', '--quiet', '--hard', from)
  }
})

test('what somebody has written meanwhile is named, and never overwritten', async () => {
  const { at, run, cutOff, is, from } = await world()
  await cutOff(['deploy', 'staging'], () => existsSync(at('brought')) && gitHasWritten(at('slow/15')), 'both')
  writeFileSync(at('app/file 7'), 'a fix by hand\n')
  writeFileSync(at('brought/deep/ü 99'), 'by hand too\n')
  for (const way of ways) {
    const { exit, out, err } = await run(...way)
    expect([way[0], exit], out + err).toEqual([way[0], 3])
    expect(out + err).toContain('app/file 7')
  }
  expect(readFileSync(at('app/file 7'), 'utf8')).toBe('a fix by hand\n')
  writeFileSync(at('app/file 7'), 'old 7\n')
  // In the way of what comes, but not of what was there.
  const refused = await run('deploy', 'staging')
  expect([refused.exit, refused.out + refused.err]).toEqual([3, expect.stringContaining('ü 99')])
  const back = await run('rollback', 'staging')
  expect(back.exit, back.out + back.err).toBe(0)
  expect(readFileSync(at('brought/deep/ü 99'), 'utf8')).toBe('by hand too\n')
  rmSync(at('brought'), { recursive: true })
  is(from)
})
const gitHasWritten = (path: string) => existsSync(path) && readFileSync(path, 'utf8').startsWith('new')

test('the branch has moved on when it is deployed again, and later ones go back onto the branch', async () => {
  const { at, run, cutOff, is, push, clone } = await world()
  await cutOff(['deploy', 'staging'], () => gitHasWritten(at('slow/15')), 'both')
  const next = push({ 'app/file 1': 'newer\n', 'brought/deep/ü 1': null })
  expect((await run('deploy', 'staging')).exit).toBe(0)
  is(next)
  expect((await run('rollback', 'staging')).exit).toBe(0)
  expect(() => git(clone, 'symbolic-ref', '--quiet', 'HEAD')).toThrow()
  expect((await run('deploy', 'staging')).exit).toBe(0)
  is(next)
  expect(git(clone, 'symbolic-ref', '--short', 'HEAD')).toBe('main')
})

test('a lock of somebody else is named by all, and stays', async () => {
  const { at, run, from, clone } = await world()
  writeFileSync(at('.git/index.lock'), '')
  for (const command of ['doctor', 'plan', 'deploy']) {
    const { exit, out, err } = await run(command, 'staging')
    expect([command, exit]).toEqual([command, 3])
    expect(out + err).toMatch(/index\.lock.*rm .*index\.lock/s)
  }
  const diagnosed = await run('diagnose', 'staging')
  expect(diagnosed.out + diagnosed.err).toContain('index.lock')
  expect(existsSync(at('.git/index.lock'))).toBe(true)
  expect(git(clone, 'rev-parse', 'HEAD')).toBe(from)
})
