import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'

/** What a terminal obeys, or nobody sees: OSC, CSI, C1, a colour, direction, no width, separators, a tag, DEL. */
const HOSTILE = [
  ...[
    '\u001b]52;c;AAAA\u0007',
    '\u001b]0;title\u001b\\',
    '\u001b[2J',
    '\u001b[8m',
    '\u009b31m',
    '\u009d0;x\u009c',
  ],
  ...[
    '\u202e',
    '\u2066',
    '\u200f',
    '\u061c',
    '\u200b',
    '\u2060',
    '\ufeff',
    '\u00ad',
    '\u2028',
    '\u{e0041}',
    '\u007f',
    '\u0008',
  ],
].join('-')
const NOT_SEEN = /[\p{Cc}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u
/** As a string in the source of a book. */
const inSource = JSON.stringify(HOSTILE).replace(/[^\x20-\x7e]/g, (sign) =>
  [...Array(sign.length).keys()]
    .map((i) => `\\u${sign.charCodeAt(i).toString(16).padStart(4, '0')}`)
    .join(''),
)

/** Which of it is in a text. */
const obeyed = (text: string): string | undefined => {
  const found = NOT_SEEN.exec(text.replace(/[\n\t]/g, ''))
  return found ? JSON.stringify(text.slice(Math.max(0, found.index - 60), found.index + 60)) : undefined
}
const filesIn = (folder: string): [string, string][] =>
  (readdirSync(folder, { recursive: true }) as string[])
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith('.gz'))
    .map((path) => [path, readFileSync(path, 'utf8')])

const steps = `
  does('one', 'cat hostile.txt', { title: 'One ' + H, about: 'About ' + H, summary: () => 'done ' + H, needs: () => [defineCheck({ fact: 'a need ' + H, remedy: 'do ' + H, look: async () => holds('seen ' + H) })] }),
  does('two', ':', { actions: () => ({ tell: instructs('Tell ' + H), act: changes('sh', '-c', ': "$0"; touch done-two', H) }) }),
  sh('three', 'cat hostile.txt; cat hostile.txt >&2; exit 3', { title: 'Three ' + H, evidence: () => [{ file: 'logs/app.log', about: 'the log ' + H, collect: ({ see }) => see(readsFile('hostile.txt')) }] }),`

const hostileBook = async () => {
  const source = bookOf(steps, { before: `const H = ${inSource}` }).replace(
    "name: 'tested',",
    `name: 'tested', contacts: [{ name: 'Team ' + H, reach: 'a@example.com ' + H }],`,
  )
  const book = await bookFolder(source, { 'app/hostile.txt': `${HOSTILE}\nlast: error ${HOSTILE}\n` })
  onTestFinished(book.dispose)
  return book
}

test('of what comes from outside nothing reaches a sink that a terminal obeys or nobody sees', async () => {
  const book = await hostileBook()
  const variables = { SUDO_USER: undefined, LOGNAME: `ada${HOSTILE}`, USER: `ada${HOSTILE}` }
  const commands = [
    ['plan', 'staging', '--verbose'],
    ['doctor', 'staging', '--verbose'],
    ['deploy', 'staging', '--yes', '--verbose'],
    ['deploy', 'staging', '--yes', '--json'],
    ['resume', '--yes', '--verbose'],
    ['show', '--verbose'],
    ['show', '--json'],
    ['runs'],
    ['runs', '--json'],
    ['guide', 'staging'],
    ['diagnose', 'staging', '--verbose'],
    ['verify', 'staging', '--verbose'],
    ['rollback', 'staging', '--yes', '--reason', `because ${HOSTILE}`],
    ['lock', 'staging', '--reason', `why ${HOSTILE}`],
    ['deploy', 'staging', '--yes'],
    ['unlock', 'staging', '--yes'],
    ['report'],
    ['bundle'],
    ['deploy', `staging${HOSTILE}`],
    ['show', `run${HOSTILE}`],
  ]
  for (const args of commands) {
    const { out, err } = await book.runbook(args, { variables })
    expect([args.slice(0, 2).join(' '), obeyed(out), obeyed(err)]).toEqual([
      args.slice(0, 2).join(' '),
      undefined,
      undefined,
    ])
    expect(out + err).not.toBe('')
  }
  for (const bundle of readdirSync(join(book.stateDir, 'bundles')))
    execFileSync('tar', ['-xzf', join(book.stateDir, 'bundles', bundle), '-C', book.stateDir])
  const kept = filesIn(book.stateDir)
  expect(kept.map(([path]) => path).join()).toMatch(/incident\.md.*report|report.*incident\.md/s)
  for (const [path, text] of kept) expect([path, obeyed(text)]).toEqual([path, undefined])
  // What was taken for it is said all the same.
  expect(kept.find(([path]) => path.endsWith('incident.md'))![1]).toContain('**Three ')
}, 120_000)

test('a question on a terminal shows none of it, nor does the tree', async () => {
  const book = await hostileBook()
  const terminal = book.startOnTerminal(['deploy', 'staging'])
  await terminal.shows('Deploy tested to staging?')
  terminal.type('y\r')
  await terminal.shows('Tell ')
  terminal.type('y\r')
  await terminal.shows('note')
  terminal.type('\r')
  await terminal.shows('What now?')
  terminal.type('\u0003')
  await terminal.ended
  // What draws there moves the cursor; none of that is among what is hostile.
  for (const one of ['\u001b]', '\u001b[2J', '\u001b[8m', '\u009b', '\u009d'])
    expect(terminal.printed.all.includes(one), JSON.stringify(one)).toBe(false)
  expect(terminal.printed.all).not.toMatch(/[\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u0080-\u009f]/u)
})

test('a generated book has none of it, whether it is made from a folder or from a page', async () => {
  const place = await bookFolder(undefined, {
    'package.json': JSON.stringify({
      name: `shop${HOSTILE}`,
      scripts: { build: 'x' },
      dependencies: { pg: '1' },
    }),
    [`migrations/a${HOSTILE.replaceAll('/', '')}.sql`]: 'select 1',
    'ecosystem.config.cjs': `module.exports = { apps: [{ name: 'p\u001b]52;c;AAAA\u0007\u202e\u200bq' }] }`,
    'guide.md': `# Deploy ${HOSTILE}\n\n## Part ${HOSTILE}\n\nWords ${HOSTILE}\n\n- [ ] Look at ${HOSTILE}\n\n\`\`\`bash\necho ${HOSTILE.replaceAll('\u2028', '')}\npm2 restart p\u202e\u200bq\n\`\`\`\n`,
  })
  onTestFinished(place.dispose)
  const made = await place.runbook(['init'])
  expect(made.err).toBe('')
  expect([made.exit, obeyed(made.out), obeyed(made.err)]).toEqual([0, undefined, undefined])
  const read = await place.runbook(['import', 'guide.md', '--config', 'imported/runbook.config.ts'])
  expect([read.exit, obeyed(read.out), obeyed(read.err)]).toEqual([0, undefined, undefined])
  for (const path of ['runbook.config.ts', 'imported/runbook.config.ts']) {
    const text = readFileSync(join(place.folder, path), 'utf8')
    expect([path, obeyed(text)]).toEqual([path, undefined])
  }
  expect(readFileSync(join(place.folder, 'runbook.config.ts'), 'utf8')).toContain('\\u001b]52;c;AAAA')
})
