import { createHash } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bookFolder, bookOf, withoutPrivilege } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = async (...args: Parameters<typeof bookOf>) => {
  const book = await bookFolder(bookOf(...args))
  ends.push(book.dispose)
  const folder = join(book.stateDir, 'runs')
  const runs = () => readdirSync(folder).sort()
  return { ...book, runs, journalOf: (run: string) => join(folder, run, 'journal.jsonl') }
}
const deployed = async () => {
  const book = await withBook('does("one", "echo some output")')
  await book.runbook(['deploy', 'staging', '--yes'])
  await book.runbook(['deploy', 'production', '--confirm', 'production'])
  const [staging, production] = ['staging', 'production'].map(
    (env) => book.runs().find((run) => run.includes(env))!,
  )
  return { ...book, staging: staging!, production: production! }
}

describe('runs', () => {
  test('without any run says so', async () => {
    const { runbook } = await withBook('does("one")')
    expect(await runbook(['runs'])).toMatchObject({ exit: 0, out: 'No runs yet.\n', err: '' })
    expect(await runbook(['runs', '--json'])).toMatchObject({ exit: 0, out: '', err: '' })
  })

  test('lists them with verdict, duration and operator; of one environment where it is named', async () => {
    const { runbook, staging, production } = await deployed()
    const { exit, out } = await runbook(['runs'])
    expect(exit).toBe(0)
    expect(out.split('\n')[0]).toMatch(/^run +verdict +took +revision +by$/)
    expect(out).toMatch(new RegExp(`${staging} +done +[\\d.]+ m?s +\\S+ on \\S+`))
    expect(out).toContain(production)
    const one = await runbook(['runs', 'production'])
    expect(one.out).toContain(production)
    expect(one.out).not.toContain(staging)
  })

  test('as JSON gives one object a line', async () => {
    const { runbook, staging, production } = await deployed()
    const { out } = await runbook(['runs', '--json'])
    const runs = out
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line))
    expect(runs.map(({ run }) => run).sort()).toEqual([staging, production].sort())
    expect(runs[0]).toMatchObject({ command: 'deploy', book: 'tested', ended: { verdict: 'done', exit: 0 } })
  })

  test('finds the folder that --state-dir names, without a book', async () => {
    const { runbook, stateDir, staging } = await deployed()
    const { exit, out } = await runbook(['runs', '--state-dir', stateDir], { cwd: '/' })
    expect(exit).toBe(0)
    expect(out).toContain(staging)
  })

  test('lists what is damaged beside what is whole', async () => {
    const { runbook, runs, journalOf, staging, production } = await deployed()
    writeFileSync(journalOf(staging), 'nonsense\n\n{"type":"step-done","seq":3}\nnull\n')
    mkdirSync(join(journalOf('20200101T000000Z-staging-deploy-0000'), 'a folder'), { recursive: true })
    const { exit, out, err } = await runbook(['runs'])
    expect([exit, err]).toEqual([0, ''])
    expect(out).toMatch(new RegExp(`${staging} +not ended`))
    expect(out).toContain(production)
    expect(runs()).toHaveLength(3)
  })
})

describe('show', () => {
  test('without any run is told what to do first', async () => {
    const { runbook } = await withBook('does("one")')
    const { exit, err } = await runbook(['show'])
    expect(exit).toBe(2)
    expect(err).toContain('there are no runs yet')
    expect(err).toContain('runbook deploy <env>')
  })

  test('tells when, what, with which evidence; --verbose also what was printed', async () => {
    const { runbook, staging } = await deployed()
    const latest = await runbook(['show', staging])
    expect(latest.exit).toBe(0)
    for (const word of [staging, 'Do one', "$ sh -c 'echo some output", 'done-one is there', 'done, exit 0'])
      expect(latest.out).toContain(word)
    expect(latest.out).not.toContain('│ some output')
    const all = await runbook(['show', staging, '--verbose'])
    expect(all.out).toContain('│ some output')
  })

  test('takes a part of an id that only one run has, and says which ones it could be', async () => {
    const { runbook, staging, production } = await deployed()
    expect((await runbook(['show', 'staging'])).out).toContain(staging)
    const both = await runbook(['show', 'deploy'])
    expect(both.exit).toBe(2)
    expect(both.err).toContain(staging)
    expect(both.err).toContain(production)
    const none = await runbook(['show', staging.replace('staging', 'stagign')])
    expect(none.exit).toBe(2)
    expect(none.err).toContain(`did you mean ${staging}?`)
  })

  test('of a transcript that was changed names the line, and leaves with 1', async () => {
    const { runbook, journalOf, staging } = await deployed()
    const text = readFileSync(journalOf(staging), 'utf8')
    writeFileSync(journalOf(staging), text.replace('some output\\n"', 'other output"'))
    const { exit, out, err } = await runbook(['show', staging])
    expect(exit).toBe(1)
    const changed = text.split('\n').findIndex((line) => line.includes('some output\\n"')) + 1
    expect(err).toBe(`line ${changed + 1} of the transcript does not follow from the line before it\n`)
    expect(out).toContain('Do one')
  })

  test('of a transcript whose last line was cut shows the rest, and names it', async () => {
    const { runbook, journalOf, staging } = await deployed()
    const text = readFileSync(journalOf(staging), 'utf8')
    truncateSync(journalOf(staging), text.length - 20)
    const { exit, out, err } = await runbook(['show', staging])
    expect(exit).toBe(1)
    const last = text.split('\n').length - 1
    expect(err).toBe(`line ${last} of the transcript was cut short, as by a crash\n`)
    expect(out).toContain('✔ Do one')
  })

  test('of a transcript with lines taken out or added, or that cannot be read, says so', async () => {
    const { runbook, journalOf, staging, production } = await deployed()
    const lines = readFileSync(journalOf(staging), 'utf8').split('\n')
    writeFileSync(journalOf(staging), [...lines.slice(0, 4), ...lines.slice(5)].join('\n'))
    expect(await runbook(['show', staging])).toMatchObject({
      exit: 1,
      err: 'line 5 of the transcript does not follow from the line before it\n',
    })
    appendFileSync(journalOf(production), '{"type":"run-ended","seq":99}\n')
    expect((await runbook(['show', production])).exit).toBe(1)
    chmodSync(journalOf(staging), 0)
    const unreadable = await runbook(['show', staging], { through: withoutPrivilege })
    expect(unreadable.exit).toBe(3)
    expect(unreadable.err).toContain('journal.jsonl: may not be read or written')
  })
})

describe('show --check', () => {
  test('of a transcript as it was written says so', async () => {
    const { runbook, journalOf, staging } = await deployed()
    const lines = readFileSync(journalOf(staging), 'utf8').trim().split('\n')
    const hash = createHash('sha256').update(lines.at(-1)!).digest('hex')
    const { exit, out, err } = await runbook(['show', staging, '--check'])
    expect([exit, err]).toEqual([0, ''])
    expect(out).toBe(
      `✔ ${staging} is as it was written: ${lines.length} lines, the last with SHA-256 ${hash}\n  its ledger is in the same folder, and proves no more\n`,
    )
    const json = await runbook(['show', staging, '--check', '--json'])
    expect(JSON.parse(json.out)).toMatchObject({ run: staging, lines: lines.length, hash, flaws: [] })
  })

  test.each<[string, (lines: string[]) => void, RegExp]>([
    [
      'a word changed',
      (lines) => lines.splice(3, 1, lines[3]!.replace('2026', '2062')),
      / {2}line 5 does not follow from the line before it: one/,
    ],
    ['a line taken out', (lines) => lines.splice(2, 1), / {2}line 3 does not follow/],
    ['a line doubled', (lines) => lines.splice(2, 0, lines[2]!), / {2}line 4 does not follow/],
    [
      'its last line changed',
      (lines) => lines.push(lines.pop()!.replace('"exit":0', '"exit":1')),
      / {2}line \d+ was changed after it was written\n/,
    ],
    ['a line that is none', (lines) => lines.splice(4, 1, '{}'), / {2}line 5 is not a whole event\n/],
  ])('of one with %s names the line', async (_, change, says) => {
    const { runbook, journalOf, staging } = await deployed()
    const lines = readFileSync(journalOf(staging), 'utf8').trim().split('\n')
    change(lines)
    writeFileSync(journalOf(staging), `${lines.join('\n')}\n`)
    const { exit, out } = await runbook(['show', staging, '--check'])
    expect(exit).toBe(1)
    expect(out).toContain(`✖ ${staging} is not as it was written:\n`)
    expect(out).toMatch(says)
  })

  test('of one that a crash has cut says what is set aside', async () => {
    const { runbook, journalOf, staging, stateDir } = await deployed()
    truncateSync(journalOf(staging), readFileSync(journalOf(staging)).length - 20)
    const ended = await runbook(['show', staging, '--check'])
    expect(ended.exit).toBe(1)
    expect(ended.out).toMatch(/line \d+ is missing: the environment’s ledger knows of \d+ lines\n/)
    // Of a run that was killed the ledger has no end.
    const ledger = join(stateDir, 'ledger/staging/ledger.jsonl')
    const lines = readFileSync(ledger, 'utf8').split('\n')
    writeFileSync(ledger, lines.filter((line) => !line.includes('"line":"closed"')).join('\n'))
    const { exit, out } = await runbook(['show', staging, '--check'])
    expect(exit).toBe(0)
    expect(out).toMatch(/ {2}line \d+ was cut short, as by a crash, and is set aside\n.*\n {2}it has no end:/)
  })
})
