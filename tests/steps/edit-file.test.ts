import { createHash } from 'node:crypto'
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { opened, replaced, replacementsIn } from '../../steps/edit/file-edit.ts'
import { lineDiff } from '../../steps/edit/line-diff.ts'
import { editFile } from '../../steps/edit-file.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { gitRemote, gitVariables } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const WRONG = "import { prisma } from '../../../db/client'"
const RIGHT = "import prisma from '../../../db/client'"
const correction = { file: 'a repository.ts', find: WRONG, replace: RIGHT }

const fileWith = async (content: string | Buffer) => {
  const dir = mkdtempSync(join(tmpdir(), 'runbook edit '))
  ends.push(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, correction.file)
  writeFileSync(path, content)
  const rig = await stepRig({ dir })
  ends.push(rig.dispose)
  return { rig, path, read: () => readFileSync(path, 'utf8') }
}
const seen = (failure: unknown) => (failure as { unmet: { seen: string }[] }).unmet.map((unmet) => unmet.seen)

test("makes the guide's correction, shown as a diff, and is done the second time", async () => {
  const { rig, read } = await fileWith(`${WRONG}\n\nexport class Repository {\n}\n`)
  const run = await rig.run(editFile(correction))
  expect(run.failure).toBeUndefined()
  expect(read()).toBe(`${RIGHT}\n\nexport class Repository {\n}\n`)
  expect(run.performed[0]).toContain(
    [
      '--- a repository.ts',
      '+++ a repository.ts',
      '@@ -1,3 +1,3 @@',
      `-${WRONG}`,
      `+${RIGHT}`,
      ' ',
      ' export class Repository {',
    ].join('\n'),
  )
  const again = await rig.run(editFile(correction))
  expect(again.ended).toBe('skipped')
  expect(again.events.find(({ type }) => type === 'step-skipped')).toMatchObject({ seen: `1: ${RIGHT}` })
})

test('the way back writes what was there', async () => {
  const content = `${WRONG}\r\nlast line without an end`
  const { rig, path } = await fileWith(content)
  const step = editFile(correction)
  const { observed } = await rig.run(step)
  const undo = step.undo({
    observed: observed as never,
    env: rig.env,
    run: { stamp: '', backups: '', copies: '' },
  })
  expect(undo).toMatchObject({ kind: 'reverse', of: 'code', actions: { back: { content } } })
  if (undo.kind !== 'reverse') throw new Error('unreachable')
  expect((await rig.look(undo.after[0]!)).holds).toBe(false)
  expect((await rig.look(undo.before[0]!)).holds).toBe(true)
  writeFileSync(path, `${readFileSync(path, 'utf8')}somebody goes on with it`)
  expect((await rig.look(undo.before[0]!)).seen).toBe('it holds something else by now')
  writeFileSync(path, content)
  expect((await rig.look(undo.before[0]!)).holds).toBe(true)
  expect((await rig.look(undo.after[0]!)).holds).toBe(true)
})

describe('refuses', () => {
  test('a text that is not there, and names the nearest line', async () => {
    const { rig, read } = await fileWith(`// first\n${WRONG.replace('client', 'the-client')}\n`)
    const run = await rig.run(editFile(correction))
    expect(seen(run.failure)).toEqual([
      "not in it; the nearest is 2: import { prisma } from '../../../db/the-client'",
    ])
    expect(run.performed).toEqual([])
    expect(read()).toContain('the-client')
    expect((await rig.plan(editFile(correction))).failures).toHaveLength(1)
  })

  test('another number of matches, and names their lines', async () => {
    const { rig } = await fileWith('port: 1\nhost: x\nport: 2\n')
    const step = (expected: number) =>
      editFile({ file: correction.file, find: /^port: \d$/m, replace: 'port: 80', expect: expected })
    expect(seen((await rig.run(step(1))).failure)).toEqual(['2 matches: 1: port: 1; 3: port: 2'])
    expect((await rig.run(step(2))).ended).toBe('done')
  })

  test('an edit that finds itself again', async () => {
    const { rig, read } = await fileWith('port: 80\n')
    const run = await rig.run(editFile({ file: correction.file, find: 'port: 80', replace: 'port: 8080' }))
    expect(seen(run.failure)).toEqual(['1 match in what it makes'])
    expect(read()).toBe('port: 80\n')
  })

  test('a file that is not there, is no text, or is too large for a source', async () => {
    const { rig } = await fileWith(Buffer.from([0x70, 0xe9, 0x70]))
    expect(seen((await rig.run(editFile({ ...correction, find: 'p' }))).failure)).toEqual([
      'it holds other bytes',
    ])
    const missing = await rig.run(editFile({ ...correction, file: 'nope.ts' }))
    expect(seen(missing.failure)[0]).toMatch(/^not in .*runbook edit /)
    const large = await fileWith('x'.repeat(1_000_001))
    expect(seen((await large.rig.run(editFile(correction))).failure)).toEqual(['1.0 MB'])
  })

  test('wrong options, in the book already', () => {
    // @ts-expect-error: find is missing
    expect(editFile({ file: 'x', replace: '' }).mistakes).toMatchObject([{ at: 'steps.edit-file.find' }])
    expect(editFile({ ...correction, expect: 0 }).mistakes).toMatchObject([{ at: 'steps.edit-file.expect' }])
  })
})

test('keeps line ends, byte order mark, mode and a missing final line end', async () => {
  const { rig, path, read } = await fileWith(`\uFEFF${WRONG}\r\nnext\r\nlast`)
  chmodSync(path, 0o755)
  const run = await rig.run(
    editFile({
      ...correction,
      find: new RegExp(`^${WRONG.replace(/[{}.]/g, '\\$&')}\nnext$`, 'm'),
      replace: `${RIGHT}\nafter`,
    }),
  )
  expect(run.failure).toBeUndefined()
  expect(read()).toBe(`\uFEFF${RIGHT}\r\nafter\r\nlast`)
  expect(statSync(path).mode & 0o777).toBe(0o755)
})

test('an expression may use its groups, and a literal text holds no references', async () => {
  const { rig, read } = await fileWith('cost: $1 $& and (a.b)\n')
  const file = correction.file
  expect((await rig.run(editFile({ file, find: '(a.b)', replace: '$& $1 $$' }))).ended).toBe('done')
  expect(read()).toBe('cost: $1 $& and $& $1 $$\n')
  const groups = editFile({ file, find: /^cost: (?<what>\S+) (\$&) and/, replace: 'price: $2$<what>$$' })
  expect((await rig.run(groups)).ended).toBe('done')
  expect(read()).toBe('price: $&$1$ $& $1 $$\n')
  expect((await rig.run(groups)).ended).toBe('skipped')
})

test('a plan looks at the file in the revision that is to come', async () => {
  const repos = gitRemote({ 'app/config.ts': 'old\n' })
  ends.push(repos.dispose)
  repos.push({ 'app/config.ts': `${WRONG}\n` })
  const rig = await stepRig({
    dir: join(repos.clone, 'app'),
    app: { branch: 'main' },
    variables: gitVariables,
  })
  ends.push(rig.dispose)
  const steps = [pullCode(), editFile({ ...correction, file: 'config.ts' })]
  const plan = await rig.plan(...steps)
  expect(plan.failures).toEqual([])
  expect(plan.steps[1]!.actions[0]!.printed).toContain(`-${WRONG}`)
  const run = await rig.run(steps)
  expect(run.failure).toBeUndefined()
  expect(run.performed.at(-1)).toBe(plan.steps[1]!.actions[0]!.printed)
})

test('a diff of any edit leads from the old lines to the new ones', () => {
  const line = fc.constantFrom('a', 'b', 'ab', '', 'c d')
  const text = fc.array(line, { minLength: 1, maxLength: 30 }).map((lines) => lines.join('\n'))
  fc.assert(
    fc.property(
      text,
      fc.constantFrom('a', 'b', '\n', 'a\nb', 'c'),
      fc.constantFrom('', 'X', 'X\nY', '\n'),
      (old, find, replace) => {
        const found = replacementsIn(old, { find, replace })
        fc.pre(found.length > 0)
        expect(patched(old, lineDiff('f', old, found))).toBe(replaced(old, found))
      },
    ),
  )
})

/** What `patch` would make of it. */
const patched = (old: string, diff: string): string => {
  const lines = old.split('\n')
  const result: string[] = []
  let at = 0
  for (const line of diff.split('\n').slice(2)) {
    const [, from] = /^@@ -(\d+)/.exec(line) ?? []
    if (from) result.push(...lines.slice(at, Number(from) - 1))
    if (from) at = Number(from) - 1
    else if (line.startsWith('+')) result.push(line.slice(1))
    else {
      expect(lines[at]).toBe(line.slice(1))
      if (line.startsWith(' ')) result.push(line.slice(1))
      at++
    }
  }
  return [...result, ...lines.slice(at)].join('\n')
}

test('opening and closing a text gives it back', () => {
  for (const content of ['', 'a', 'a\r\n', '\uFEFFa\r\nb', 'a\nb\r\n', '\r\n\r\n'])
    expect(opened(content).close(opened(content).text)).toBe(content)
})

test.each(["-f'$(touch PWN) x.txt", '--', '-', 'two\nlines.txt', 'a\r\nb\\c.txt', ':(top)x', '*'])(
  'a file that is named %j is edited where it is and where it comes with the pull, and goes back',
  async (file) => {
    const repos = gitRemote({ 'app/other.ts': 'x\n' })
    ends.push(repos.dispose)
    const rig = await stepRig({
      dir: join(repos.clone, 'app'),
      app: { branch: 'main' },
      variables: gitVariables,
    })
    ends.push(rig.dispose)
    repos.push({ [`app/${file}`]: `${WRONG}\n` })
    const step = editFile({ ...correction, file })
    expect((await rig.plan(pullCode(), step)).failures).toEqual([])
    const run = await rig.run([pullCode(), step])
    expect(run.failure).toBeUndefined()
    expect(readFileSync(join(rig.env.app.dir, file), 'utf8')).toBe(`${RIGHT}\n`)
    // Somebody has put it back, and the code is there already: its digest is taken of the working tree.
    writeFileSync(join(rig.env.app.dir, file), `${WRONG}\n`)
    const again = await rig.run(step)
    expect(again.failure).toBeUndefined()
    expect(again.observed).toMatchObject({
      digest: createHash('sha256').update(`${WRONG}\n`).digest('hex'),
    })
    const run2 = { stamp: '', backups: '', copies: '' }
    const undo = step.undo({ observed: again.observed as never, env: rig.env, run: run2 })
    if (undo.kind !== 'reverse') throw new Error('unreachable')
    writeFileSync(join(rig.env.app.dir, file), `${WRONG}\n`)
    expect(undo.after).toHaveLength(1)
    expect(await rig.look(undo.after[0]!)).toMatchObject({ holds: true })
  },
)
