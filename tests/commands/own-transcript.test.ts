import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { listRuns } from '../../runbook/journal/runs.ts'
import { asRoot, NOBODY } from '../rig/accounts.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'

// What is performed, or written to, in the state folder is its owner's, and leads nowhere else.

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)

const world = async () => {
  const place = await withBook(
    `does('one', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('sh', '-c', 'echo back >> taken') }) }), sh('two', 'test -e open && touch done-two')`,
  )
  const failed = await place.runbook(['deploy', 'staging', '--yes'])
  expect(failed.exit, failed.out + failed.err).toBe(1)
  const run = listRuns(place.stateDir)[0]!
  const folder = join(place.stateDir, 'runs', run)
  return { ...place, run, runFolder: folder, journal: join(folder, 'journal.jsonl') }
}
type World = Awaited<ReturnType<typeof world>>

const strange: [string, (world: World) => void][] = [
  ['a transcript that anybody may write', ({ journal }) => chmodSync(journal, 0o666)],
  ['a folder that anybody may write', ({ runFolder }) => chmodSync(runFolder, 0o777)],
  [
    'a transcript that is a link',
    ({ journal }) => {
      renameSync(journal, `${journal}.elsewhere`)
      symlinkSync(`${journal}.elsewhere`, journal)
    },
  ],
  ['a transcript of two names', ({ journal, folder }) => linkSync(journal, join(folder, 'second'))],
  [
    'a folder that is a link',
    ({ runFolder, folder }) => {
      renameSync(runFolder, join(folder, 'elsewhere'))
      symlinkSync(join(folder, 'elsewhere'), runFolder)
    },
  ],
  ...(asRoot
    ? ([
        ['a transcript of somebody else', ({ journal }) => chownSync(journal, NOBODY, NOBODY)],
        ['a folder of somebody else', ({ runFolder }) => chownSync(runFolder, NOBODY, NOBODY)],
      ] satisfies [string, (world: World) => void][])
    : []),
]

describe('a run that is not its owner’s alone', () => {
  test.each(strange)('%s: is shown, and neither gone on with nor taken back', async (_, change) => {
    const here = await world()
    const { runbook, run, folder } = here
    change(here)
    expect((await runbook(['show'])).out).toContain(run)
    const before = readFileSync(here.journal)
    for (const words of [['resume'], ['rollback', 'staging'], ['rollback', 'staging', '--run', run]]) {
      const refused = await runbook([...words, '--yes'])
      expect([words, refused.exit], refused.out + refused.err).toEqual([words, 3])
      expect(refused.out + refused.err).toContain(`the transcript of ${run} is its owner’s alone`)
    }
    expect(readFileSync(here.journal).equals(before)).toBe(true)
    expect(existsSync(join(folder, 'app/taken'))).toBe(false)
  })

  test('as cp makes a copy of it, others may read it: it is performed', async () => {
    const { runbook, journal, runFolder, folder } = await world()
    writeFileSync(join(folder, 'app/open'), '')
    chmodSync(journal, 0o644)
    chmodSync(runFolder, 0o755)
    const back = await runbook(['rollback', 'staging', '--yes'])
    expect(back.exit, back.out + back.err).toBe(0)
    expect(existsSync(join(folder, 'app/taken'))).toBe(true)
  })
})

test.each(['report', 'bundle'])('%s writes nothing by way of a link', async (verb) => {
  const { runbook, run, folder, stateDir } = await world()
  const target = join(folder, 'precious')
  writeFileSync(target, 'precious')
  const at = join(stateDir, 'reports', `${run}.html`)
  mkdirSync(join(stateDir, 'reports'), { mode: 0o700 })
  symlinkSync(target, at)
  const ended = await runbook([verb])
  expect(ended.exit, ended.out + ended.err).toBe(0)
  expect(readFileSync(target, 'utf8')).toBe('precious')
  if (verb === 'report') {
    expect(lstatSync(at).isFile()).toBe(true)
    expect(lstatSync(at).mode & 0o777).toBe(0o600)
  }
})

test.each(['locks', 'ledger'])(
  'what is in %s of an environment is no link, and nobody else’s',
  async (name) => {
    const { runbook, folder, stateDir } = await world()
    const at = join(stateDir, name, 'staging')
    mkdirSync(at, { recursive: true, mode: 0o700 })
    chmodSync(at, 0o777)
    const open = await runbook(['deploy', 'staging', '--yes'])
    expect([open.exit, open.out + open.err]).toEqual([3, expect.stringContaining(`chmod 700 '${at}'`)])
    chmodSync(at, 0o700)
    renameSync(at, join(folder, 'elsewhere'))
    symlinkSync(join(folder, 'elsewhere'), at)
    const linked = await runbook(['deploy', 'staging', '--yes'])
    expect([linked.exit, linked.out + linked.err]).toEqual([3, expect.stringContaining('it is a link')])
  },
)
