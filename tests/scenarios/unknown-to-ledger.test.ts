import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { chained, hashOf, type Line, linesOf } from '../rig/forged.ts'
import { git, gitRemote } from '../rig/git-remote.ts'

// Whoever can write the state folder alone can write a transcript of which every hash is right. The environment's ledger has each run
// that has done anything: what it does not know is not performed, unless the operator says by its hash that it is so.

const ends = endsAfterEach()

/** Two environments of one book; `plain`: without a clone, so that the ledgers are in the state folder. */
const world = async ({ plain = false } = {}) => {
  const remote = gitRemote()
  ends.push(remote.dispose)
  const second = join(remote.clone, '..', 'second')
  git(join(remote.clone, '..'), 'clone', '--quiet', git(remote.clone, 'remote', 'get-url', 'origin'), second)
  const dirs = plain
    ? ['a', 'b'].map((name) => join(remote.clone, '..', `plain-${name}`))
    : [remote.clone, second]
  for (const dir of dirs) mkdirSync(dir, { recursive: true })
  const app = (dir: string) => JSON.stringify(plain ? { dir } : { dir, branch: 'main' })
  const book = await bookFolder(`${prelude}
    import { pullCode, shell } from 'runbook/steps'
    export default defineRunbook({
      name: 'known', environments: {
        staging: { app: ${app(dirs[0]!)} },
        other: { app: ${app(dirs[1]!)} },
        live: { protected: true, app: ${app(dirs[1]!)} },
      },
      deploy: (env) => [${plain ? '' : 'pullCode(),'} shell({ block: 'date +%N >> done', undo: { block: 'echo back' } })],
    })`)
  ends.push(book.dispose)
  const { runbook: command, stateDir } = book
  const runbook = (...args: string[]) => command(args)
  remote.push({ 'app.txt': '2\n' }, 'Say 2')
  const first = await runbook('deploy', 'staging', '--yes')
  expect(first.exit, first.out + first.err).toBe(0)
  const run = readdirSync(join(stateDir, 'runs'))[0]!
  const performed = join(remote.clone, '..', 'performed')
  const journalOf = (id: string) => join(stateDir, 'runs', id, 'journal.jsonl')
  /** A transcript with right hashes, of a run that there never was: another environment or time, and another undo. */
  const forge = ({ id = run, env = 'staging', change = (lines: Line[]) => lines } = {}): string => {
    const lines = linesOf(journalOf(run)).map((line): Line => {
      const undone = JSON.stringify(line).replace('echo back', `touch ${performed}`)
      return {
        ...(JSON.parse(line.type === 'undo-frozen' ? undone : JSON.stringify(line)) as Line),
        ...(line.type === 'run-started' && { run: id, env }),
      }
    })
    mkdirSync(join(stateDir, 'runs', id), { recursive: true, mode: 0o700 })
    writeFileSync(journalOf(id), chained(change(lines).map((line, seq) => ({ ...line, seq }))), {
      mode: 0o600,
    })
    return id
  }
  const cloneAgain = () => {
    rmSync(remote.clone, { recursive: true })
    git(
      join(remote.clone, '..'),
      'clone',
      '--quiet',
      git(second, 'remote', 'get-url', 'origin'),
      remote.clone,
    )
  }
  const refused = async (...args: string[]) => {
    const { exit, out, err } = await runbook(...args)
    const words = out + err
    expect([args, exit], words).toEqual([args, 3])
    expect(existsSync(performed), words).toBe(false)
    expect(words).toMatch(/the environment’s ledger does not know the run/)
    return words
  }
  return { ...remote, ...{ runbook, stateDir, run, performed, journalOf, forge, cloneAgain, refused } }
}

const another = (run: string, env = 'staging') =>
  run.replace('-staging-', `-${env}-`).replace(/....$/, 'ffff')
const wordIn = (words: string) => /--allow (transcript:[0-9a-f]{16})\b/.exec(words)![1]!
const killed = (lines: Line[]) =>
  lines.slice(0, lines.findLastIndex(({ type }) => type === 'action-started') + 1)

describe('a transcript with effects that the ledger does not know', () => {
  test('under an id of its own is not taken back, although the run that it was made of was', async () => {
    const { runbook, run, forge, refused, runbook: show } = await world()
    expect((await runbook('rollback', 'staging', '--yes')).exit).toBe(0)
    const id = forge({ id: another(run) })
    for (const args of [['--plan'], ['--yes'], ['--yes', '--allow', 'transcript:0000000000000000']]) {
      const words = await refused('rollback', 'staging', '--run', id, ...args)
      expect(words).toContain(`the ledger of staging has what the transcript of ${id} says was done`)
      expect(words).toContain(`runbook show ${id}`)
    }
    const check = await show('show', id, '--check')
    expect([check.exit, check.out]).toEqual([
      1,
      expect.stringContaining('is not known to the environment’s ledger'),
    ])
    const report = await show('report', id)
    expect(report.err).toContain('is not known to the environment’s ledger')
  })

  test('of another environment, protected or not, is neither taken back nor gone on with', async () => {
    const { run, forge, refused } = await world()
    forge({ id: another(run, 'other'), env: 'other' })
    await refused('rollback', 'other', '--yes')
    forge({ id: another(run, 'other'), env: 'other', change: killed })
    await refused('resume', another(run, 'other'), '--yes')
    const live = forge({ id: another(run, 'live'), env: 'live', change: killed })
    await refused('resume', live, '--yes', '--confirm', 'live')
    await refused('rollback', 'live', '--yes', '--confirm', 'live')
  })

  test('with the beginning of its step behind the effect, or left out, is not either', async () => {
    const { runbook, run, forge, refused } = await world()
    expect((await runbook('rollback', 'staging', '--yes')).exit).toBe(0)
    const id = another(run)
    forge({
      id,
      change: (lines) => {
        const starts = lines.filter(({ type }) => type === 'step-started')
        const rest = lines.filter(({ type }) => type !== 'step-started')
        return [...rest.slice(0, -1), ...starts, ...rest.slice(-1)]
      },
    })
    await refused('rollback', 'staging', '--run', id, '--yes')
  })

  test('rewritten, where the application was cloned again, is neither gone on with nor taken back', async () => {
    const { forge, cloneAgain, refused } = await world()
    cloneAgain()
    forge()
    await refused('rollback', 'staging', '--yes')
    forge({ change: killed })
    await refused('resume', '--yes')
    await refused('rollback', 'staging', '--yes')
  })

  test('is not taken back either where the ledger is in the state folder', async () => {
    const { runbook, run, forge, refused } = await world({ plain: true })
    forge({ id: another(run, 'other'), env: 'other' })
    await refused('rollback', 'other', '--yes')
    const genuine = await runbook('rollback', 'staging', '--yes')
    expect(genuine.exit, genuine.out + genuine.err).toBe(0)
    const id = forge({ id: another(run) })
    await refused('rollback', 'staging', '--run', id, '--yes')
  })
})

describe('where the application was cloned again, a genuine transcript', () => {
  test('is taken back on the operator’s word, by the hash of its last line, and that is recorded', async () => {
    const { runbook, stateDir, run, clone, cloneAgain, refused, journalOf } = await world()
    const before = git(clone, 'rev-parse', 'HEAD~1')
    cloneAgain()
    const word = wordIn(await refused('rollback', 'staging', '--yes'))
    const lines = readFileSync(journalOf(run), 'utf8').trimEnd().split('\n')
    expect(word).toBe(`transcript:${hashOf(lines.at(-1)!).slice(0, 16)}`)
    expect(wordIn(await refused('rollback', 'staging', '--plan'))).toBe(word)
    const back = await runbook('rollback', 'staging', '--yes', '--allow', word)
    expect([back.exit, git(clone, 'rev-parse', 'HEAD')], back.out + back.err).toEqual([0, before])
    const rollback = readdirSync(join(stateDir, 'runs')).find((id) => id.includes('-rollback-'))!
    expect(linesOf(journalOf(rollback))[0]).toMatchObject({ told: { allow: [word] } })
  })

  test('is gone on with on the operator’s word, and deployed over without one', async () => {
    const { runbook, run, cloneAgain, refused, clone, journalOf } = await world()
    cloneAgain()
    const lines = linesOf(journalOf(run))
    const before = lines.findLastIndex(({ type }) => type === 'step-started')
    writeFileSync(journalOf(run), chained(lines.slice(0, before)))
    const word = wordIn(await refused('resume', run, '--yes'))
    const on = await runbook('resume', run, '--yes', '--allow', word)
    expect(on.exit, on.out + on.err).toBe(0)
    expect(existsSync(join(clone, 'done'))).toBe(true)
    const again = await runbook('deploy', 'staging', '--yes')
    expect(again.exit, again.out + again.err).toBe(0)
  })
})
