import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { bookFolder } from '../rig/command-line.ts'

const seeds = ['avatar-creator-deployment-guide', 'prisma-schema-synchronization-fix']
const seed = (name: string) => readFileSync(new URL(`../fixtures/guides/${name}.md`, import.meta.url), 'utf8')

let place: Awaited<ReturnType<typeof bookFolder>>
afterEach(() => place.dispose())

const imported = async (page: string | Uint8Array, files: Record<string, string> = {}) => {
  place = await bookFolder(undefined, files)
  writeFileSync(join(place.folder, 'guide.md'), page)
  return place.runbook(['import', 'guide.md'])
}
const written = (): string[] =>
  readdirSync(place.folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(ts|sql|sh)$/.test(name),
  )
const content = (): string =>
  written()
    .map((name) => readFileSync(join(place.folder, name), 'utf8'))
    .join('\n')

/** Lines that a step of the library stands for, or that name a secret or a setting. */
const understood =
  /^(git (fetch|checkout|pull) |npm (install|run (build|test))|pm2 restart |npx prisma (generate|migrate (deploy|reset))|pg_dump |cd |curl |-[Hd] |"\w+": |\}'|(TOKEN|DATABASE_URL|NODE_ENV)=)/
/** What stands on a line, without the marks of markdown and the quotes of TypeScript. */
const words = (text: string): string =>
  text
    .replace(/^\s*(#+|\/\/|[-*]|\d+\.)\s+/, '')
    .replace(/\[[ x]\]\s+/g, '')
    .replace(/\*\*(.+?)\*\*/g, '$1')
    .replace(/[\\'"`]/g, '')
    .trim()

describe.each(seeds)('%s', (name) => {
  test('becomes a book that loads; no block of the page, and no line of it, gets lost', async () => {
    const page = seed(name)
    const { exit, out, err } = await imported(page)
    expect(err).toBe('')
    expect(exit).toBe(0)

    let fence = false
    const begins = page.split('\n').flatMap((line, i) => {
      const marks = /^\s*```/.test(line)
      if (marks) fence = !fence
      return (marks && fence) || (!fence && /^#{1,6} /.test(line)) ? [i + 1] : []
    })
    expect(begins.length).toBeGreaterThan(40)
    for (const line of begins) expect(out).toMatch(new RegExp(`^  line +${line}  \\S`, 'm'))

    const all = content().split('\n').map(words).join('\n')
    const lost = page
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line && !/^(```|---$)/.test(line) && !understood.test(line))
      .filter((line) => !all.includes(words(line)))
    expect(lost).toEqual([])
  })

  test('it can be read as a guide again', async () => {
    await imported(seed(name))
    const { exit, out } = await place.runbook(['guide', 'staging'])
    expect(exit).toBe(0)
    expect(out).toContain('- [ ] ')
    expect(out).toMatch(/^## /m)
  })
})

test('nothing that a page writes is performed by its book, nor taken for TypeScript', async () => {
  const evil = [
    '# `${process.exit(9)}` \\` */',
    "## It's `\\${x}`",
    '- [ ] a `tick`, a \\ and ${process.exit(9)}',
    '```bash',
    `curl -X POST http://a.example/x -d '{"code":"process.exit(9)","__proto__":{"a":1}}'`,
    'touch "$HOME/${marker}`date`"',
    '```',
    '```sql',
    "INSERT INTO a VALUES ('x'); -- `${process.exit(9)}`",
    '```',
  ].join('\n')
  const { exit, out } = await imported(evil)
  expect(exit, out).toBe(0)
  expect(content()).toContain("code: 'process.exit(9)'")
})

test('what is in a way there stays out of the way back', async () => {
  await imported('# A\n## Deploy\n```sh\nnpm ci\n```\n## Rollback\n```sql\nDROP TABLE a;\n```\n')
  const { out } = await place.runbook(['guide', 'staging'])
  expect(out).toContain('npm ci')
  expect(out).not.toContain('DROP TABLE')
  const listed = await place.runbook(['run'])
  expect(listed.out + listed.err).toContain('take-back')
})

test('what a page tells beside its deployment is a procedure of the book, and no step of the deployment', async () => {
  const block = (code: string) => `\n\`\`\`bash\n${code}\n\`\`\`\n`
  const { exit, out } = await imported(
    [
      '# Billing',
      `## Release${block('npm ci\nkubectl get pods -w')}`,
      `## In case of emergency\n### Load the snapshot of the night${block('zcat night.sql.gz | psql billing')}`,
      `### Watch it${block('stern billing')}`,
      `## Going back\n### Way 1${block('./bin/older 1')}\n### Way 2${block('./bin/older 2')}`,
    ].join('\n\n'),
  )
  expect(exit, out).toBe(0)
  const guide = await place.runbook(['guide', 'staging'])
  expect(guide.exit).toBe(0)
  expect(guide.out).toContain('npm ci')
  expect(guide.out).not.toMatch(/night\.sql|stern|bin\/older/)
  const listed = await place.runbook(['run'])
  for (const name of ['load-the-snapshot-of-the-night', 'watch-it', 'take-back', 'way-2'])
    expect(listed.out + listed.err).toContain(name)
  const plan = await place.runbook(['run', 'take-back', 'staging', '--plan'])
  expect(plan.out).toContain('./bin/older 1')
  expect(plan.out).not.toContain('./bin/older 2')
})

test('a password of the page is in no file', async () => {
  const page =
    '# A\n\nUse postgres://me:hunter2@db/x.\n\n```bash\nDATABASE_URL=postgres://me:hunter2@db/x\n```\n```bash\npsql postgres://me:hunter2@db/x -c "VACUUM"\ncurl -X POST http://a.example/login -d \'{"password":"hunter2"}\'\ncurl http://a.example/?token=hunter2\ncurl -H "Cookie: s=hunter2" http://a.example/\ncurl -u me:hunter2 http://a.example/\nAPI_URL=http://me:hunter2@a.example\n```\n'
  const { exit, out } = await imported(page)
  expect(exit, out).toBe(0)
  expect(content()).not.toContain('hunter2')
  expect(content()).toContain("secret('DATABASE_URL')")
})

describe('it is refused, and nothing is written:', () => {
  test.each<[string, string | Uint8Array, RegExp]>([
    ['an empty page', ' \n\n', /guide\.md is empty/],
    ['what is not text', new Uint8Array([0x50, 0x4b, 3, 4, 0, 0, 0xff, 0xfe]), /is not text in UTF-8/],
    ['a page that only tells', '# A\n\nNothing to do here.\n', /has nothing to perform: 2 blocks/],
    ['a program', 'console.log("a")\n', /has nothing to perform/],
  ])('%s', async (_, page, words) => {
    const { exit, err } = await imported(page)
    expect(exit).toBe(2)
    expect(err).toMatch(words)
    expect(err).toMatch(/\n {2}→ \S/)
    expect(written()).toEqual([])
  })

  test('a folder, a page that is not there, no page', async () => {
    place = await bookFolder(undefined)
    await mkdir(join(place.folder, 'guide.md'))
    for (const [args, words] of [
      [['guide.md'], /guide\.md: /],
      [['other.md'], /other\.md: /],
      [[], /page/],
    ] as const) {
      const { exit, err } = await place.runbook(['import', ...args])
      expect(exit).toBe(2)
      expect(err).toMatch(words)
    }
    expect(written()).toEqual([])
  })

  test('where one of its files is there already', async () => {
    const page = '# A\n```sql\nDROP TABLE a;\n```\n'
    const { exit, err } = await imported(page, { 'sql/01-a.sql': 'mine' })
    expect(exit).toBe(2)
    expect(err).toContain('sql/01-a.sql is there already; nothing was written')
    expect(written()).toEqual(['sql/01-a.sql'])
    expect(content()).toBe('mine')
  })

  test('where a folder of it cannot be made', async () => {
    const { exit } = await imported('# A\n```sql\nDROP TABLE a;\n```\n', { sql: 'a file' })
    expect(exit).not.toBe(0)
    expect(existsSync(join(place.folder, 'runbook.config.ts'))).toBe(false)
  })
})
