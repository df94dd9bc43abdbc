import { existsSync, mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { buildNewerThanSources } from '../../checks/build-newer-than-sources.ts'
import { buildApp } from '../../steps/build-app.ts'
import { editFile } from '../../steps/edit-file.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { runTests } from '../../steps/run-tests.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { type Files, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

const folder = 'the backend'
/** Copies src to dist, as a compiler would; `// broken` in a source makes it fail after it has written. */
const compiler = `
const { cpSync, readFileSync, readdirSync } = require('fs')
cpSync('src', 'dist', { recursive: true })
const broken = readdirSync('src').find((name) => readFileSync('src/' + name, 'utf8').includes('// broken'))
if (broken) {
  console.log('src/' + broken + '(1,1): error TS2304')
  process.exit(2)
}`
const files = (scripts: Record<string, string> = {}): Files => ({
  '.gitignore': 'node_modules\ndist\n',
  [`${folder}/package.json`]: JSON.stringify({ scripts: { build: 'node compile.cjs', ...scripts } }),
  [`${folder}/compile.cjs`]: compiler,
  [`${folder}/src/server.js`]: '1\n',
})
const world = async (scripts: Record<string, string> = {}) => {
  const repos = gitRemote(files(scripts))
  ends.push(repos.dispose)
  const rig = await stepRig({ dir: repos.clone, app: { branch: 'main' }, variables: gitVariables })
  ends.push(rig.dispose)
  return { ...repos, rig, at: (path: string) => join(repos.clone, folder, path) }
}
const build = () => buildApp({ in: folder })
const seen = (failure: unknown) => (failure as { unmet: { seen: string }[] }).unmet.map((unmet) => unmet.seen)

test('builds, proves it by what was written, and is done while nothing changes', async () => {
  const { rig, at, first, clone } = await world()
  const run = await rig.run(build())
  expect(run.failure).toBeUndefined()
  expect(run.performed.filter((line) => !line.includes('.runbook-aside'))).toEqual([
    "cd 'the backend' && npm run build",
    `write the backend/node_modules/.cache/runbook/build-dist.json\n{"revision":"${first}","command":"build"}`,
    // Nothing that git tracks was changed.
    `write ${clone}/.git/RUNBOOK_BUILT\n${first}\n`,
  ])
  expect(run.summary).toBe(`built from ${first.slice(0, 7)}`)
  expect(readFileSync(at('dist/server.js'), 'utf8')).toBe('1\n')
  const again = await rig.run(build())
  expect(again.ended).toBe('skipped')
  expect(again.events.find(({ type }) => type === 'step-skipped')).toMatchObject({
    seen: expect.stringContaining(`built from ${first.slice(0, 7)}`),
  })
})

test('a new revision is always built, also when no source changed', async () => {
  const { rig, push } = await world()
  await rig.run(build())
  const to = push({ 'README.md': 'Only words.\n' })
  const plan = await rig.plan(pullCode(), build())
  expect(plan.failures).toEqual([])
  expect(plan.steps[1]).toMatchObject({
    expects: 'to-do',
    observed: { revision: to, last: `the revision changes to ${to.slice(0, 7)}` },
  })
  const run = await rig.run([pullCode(), build()])
  expect(run.failure).toBeUndefined()
  const isOfBuild = (line: string) => !line.includes('RUNBOOK_BUILT')
  const printed = plan.steps[1]!.actions.map((action) => action.printed).filter(isOfBuild)
  // What is only for a failure stands at the end of it.
  expect(run.performed.filter(isOfBuild).slice(2 - printed.length)).toEqual(printed.slice(0, -2))
  expect((await rig.run([pullCode(), build()])).ended).toBe('skipped')
})

test('a build that failed after it wrote is not taken for done', async () => {
  const { rig, at, write, clone, commit } = await world()
  await rig.run(build())
  commit(clone, { [`${folder}/src/server.js`]: '2 // broken\n' }, 'Broken')
  const run = await rig.run(build())
  expect(run.failure).toMatchObject({ kind: 'command-failed', exit: 2 })
  expect((run.failure as { tail: string }).tail).toContain('src/server.js(1,1): error TS2304')
  // What was built before is what the application that runs still has.
  expect(readFileSync(at('dist/server.js'), 'utf8')).toBe('1\n')
  expect((await rig.run(build())).ended).toBe('failed')
  write(clone, { [`${folder}/src/server.js`]: '2\n' })
  expect((await rig.run(build())).ended).toBe('done')
})

test('a build that ends well and writes nothing fails', async () => {
  const { rig, at, write, clone } = await world()
  await rig.run(build())
  const later = new Date(statSync(at('dist/server.js')).mtimeMs + 90_000)
  write(clone, { [`${folder}/src/server.js`]: '2\n', [`${folder}/compile.cjs`]: '' })
  utimesSync(at('src/server.js'), later, later)
  const run = await rig.run(build())
  expect(run.failure?.kind).toBe('after-unmet')
  expect(seen(run.failure)).toEqual(['src/server.js is 90 s newer than the newest of 1 file, dist/server.js'])
  rmSync(at('dist'), { recursive: true })
  expect(seen((await rig.run(build())).failure)).toEqual(['nothing in dist'])
  mkdirSync(at('dist'))
  expect(seen((await rig.run(build())).failure)).toEqual(['nothing in dist'])
})

test('builds again after an edit, after a hand in the output, and after a fresh installation', async () => {
  const { rig, at } = await world()
  const edit = editFile({ file: `${folder}/src/server.js`, find: '1', replace: 'one' })
  await rig.run(build())
  await rig.run(edit)
  expect((await rig.run(build())).ended).toBe('done')
  const later = new Date(Date.now() + 5_000)
  writeFileSync(at('dist/server.js'), 'changed by hand')
  utimesSync(at('dist/server.js'), later, later)
  const run = await rig.run(build())
  expect(run.observed).toMatchObject({ last: 'dist/server.js was written after the last build' })
  expect(run.ended).toBe('done')
  rmSync(at('node_modules'), { recursive: true })
  expect((await rig.run(build())).observed).toMatchObject({ last: 'no build that ended well is on record' })
})

test('a script that package.json lacks is named while planning, of the revision to come', async () => {
  const { rig, push } = await world()
  push({ [`${folder}/package.json`]: JSON.stringify({ scripts: { 'build:all': 'true' } }) })
  const { failures } = await rig.plan(pullCode(), build())
  expect(failures.flatMap(seen)).toEqual(['no such script; the nearest is build:all'])
  const there = await rig.plan(pullCode(), buildApp({ in: folder, script: 'build:all' }))
  expect(there.failures).toEqual([])
  push({ [`${folder}/package.json`]: '{"cut' })
  expect((await rig.plan(pullCode(), build())).failures.flatMap(seen)).toEqual(['it is not JSON'])
})

test('takes a command, variables and another output', async () => {
  const { rig, at } = await world()
  const step = buildApp({
    in: folder,
    command: ['sh', '-c', 'mkdir -p "my out" && echo "$WHAT" > "my out/app.txt"'],
    env: { WHAT: 'made by a command' },
    out: 'my out',
    sources: ['src', 'gone'],
  })
  expect((await rig.run(step)).ended).toBe('done')
  expect(readFileSync(at('my out/app.txt'), 'utf8')).toBe('made by a command\n')
  expect((await rig.run(step)).ended).toBe('skipped')
})

test('sources that are not there prove nothing', async () => {
  const { rig } = await world()
  const verdict = await rig.look(buildNewerThanSources({ folder, sources: ['lib'] }))
  expect(verdict).toMatchObject({ holds: false, seen: 'none of its sources is there: lib' })
})

test('what was built is older than its sources: found, and built anew from nothing', async () => {
  const { rig, at } = await world()
  await rig.run(build())
  expect((await rig.diagnose(build()))['old-build']).toMatchObject({ found: 'no' })
  const later = Date.now() / 1000 + 240
  utimesSync(at('src/server.js'), later, later)
  writeFileSync(at('dist/left-over.js'), 'of long ago')
  expect((await rig.diagnose(build()))['old-build']).toMatchObject({
    found: 'cause',
    seen: expect.stringMatching(/^src\/server\.js is \d+ min newer than the newest of 2 files/),
    remedy: 'runbook run mend-old-build rig',
  })
  const now = Date.now() / 1000 - 5
  utimesSync(at('src/server.js'), now, now)
  const mended = await rig.run(rig.remedy('old-build', build()))
  expect(mended.failure).toBeUndefined()
  expect([existsSync(at('dist/server.js')), existsSync(at('dist/left-over.js'))]).toEqual([true, false])
  expect((await rig.diagnose(build()))['old-build']).toMatchObject({ found: 'no' })
})

test('where building anew fails, what was built before is put back', async () => {
  const { rig, at } = await world()
  await rig.run(build())
  writeFileSync(at('src/server.js'), '// broken\n')
  const run = await rig.run(buildApp({ in: folder, force: true }))
  expect(run.failure).toMatchObject({ kind: 'command-failed' })
  expect(readFileSync(at('dist/server.js'), 'utf8')).toBe('1\n')
  expect(existsSync(at('node_modules/.cache/runbook/before-build'))).toBe(false)
})

test.each(['.', '..', '/', '../other', 'src', './src/'])(
  'nothing else is removed: out %s is refused',
  (out) => {
    expect(buildApp({ out, force: true }).mistakes).toHaveLength(1)
  },
)

test('tests decide by their exit status, are never skipped, and show their last lines', async () => {
  const { rig } = await world({
    test: 'echo "All tests passed"; exit 1',
    'test:integration': `test "$API" = here && echo well`,
  })
  const liar = await rig.run(runTests({ in: folder }))
  expect(liar.failure).toMatchObject({ kind: 'command-failed', exit: 1 })
  expect((liar.failure as { tail: string }).tail).toContain('All tests passed')
  const step = runTests({ in: folder, script: 'test:integration', env: { API: 'here' } })
  expect((await rig.run(step)).summary).toMatch(/^exit 0 in \d+ ms$/)
  expect((await rig.run(step)).ended).toBe('done')
  expect((await rig.plan(runTests({ in: folder, script: 'tset' }))).failures).toHaveLength(1)
})

test('a test that hangs is ended after its time', async () => {
  const { rig } = await world({ test: 'node -e "setInterval(() => {}, 1000)"' })
  const run = await rig.run(runTests({ in: folder, timeout: 1500 }))
  expect(run.failure).toMatchObject({ kind: 'timeout', after: 1500 })
})
