import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, bookOf, eventsIn } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { gitRemote, gitVariables } from '../rig/git-remote.ts'
import { answer, httpServer } from '../rig/http-server.ts'
import { freshDatabase } from '../rig/postgres.ts'

const ends = endsAfterEach()

/** A title for the terminal, a screen wiped, a bell, C1 controls, a line overwritten, writing turned round. */
const escapes =
  '\u001b]0;owned\u0007\u001b[2J\u001b[H\u001bP1$q\u001b\\\u009b31m\u0085ok\r\u202egnp.exe\u0008'
const runs = `$(touch pwned)\`touch pwned\`;touch pwned;'"\\`
const evil = `${escapes}${runs}`
/** The same as bytes, with NUL and with what is no UTF-8. */
const evilBytes = Buffer.concat([
  Buffer.from(evil),
  Buffer.from([0, 0xff, 0xfe, 0xc3, 0x28, 0xed, 0xa0, 0x80, 10]),
])

/** What a terminal would obey of it. */
const obeyed = /\u001b\]|\u001bP|\u001b\[2J|\u001b\[H|\u0007|[\u0080-\u009f]|\u202e|\0/
/** On a terminal listr2 and inquirer draw too; a pseudo-terminal makes \r\n of line ends. */
const isTame = (printed: string) => {
  const { index = -1 } = obeyed.exec(printed) ?? {}
  expect(index < 0 ? '' : JSON.stringify(printed.slice(Math.max(0, index - 200), index + 100))).toBe('')
}

const nothingRan = (...folders: string[]) => {
  for (const folder of folders)
    expect(
      (readdirSync(folder, { recursive: true }) as string[]).filter((path) => /(^|\/)pwned$/.test(path)),
    ).toEqual([])
}

test('hostile names, messages, SQL, answers and output neither run nor break what is shown and kept', async () => {
  // A branch may have all of this; a space it may not.
  const branch = `it's"$(touch>pwned);x&|\`id>pwned\``
  const git = gitRemote({ 'app.txt': 'one\n' }, { branch })
  const db = await freshDatabase()
  const server = await httpServer((_, response) => answer(response, 200, { said: evil }))
  ends.push(db.drop, server.close, git.dispose)
  // A message may not have NUL, nor a file's name a slash.
  git.push(
    { [`a ${escapes.replaceAll('/', '')}$(touch pwned)'"\n.txt`]: evil, 'evil.bin': evil },
    `${evil}\n\n${evil}`,
  )
  const steps = `
    pullCode(),
    does('print', 'cat evil >&2; cat evil', { title: ${JSON.stringify(`Print ${evil}`)} }),
    does('sql', ':', { optional: true, actions: () => ({ act: r.transaction([{ sql: 'CREATE TABLE ' + JSON.stringify(NAME).replaceAll('\\\\"', '""') + ' (a int)', line: 1 }]), touch: changes('touch', 'done-sql') }) }),
    does('argument', ':', { actions: () => ({ act: changes('sh', '-c', 'printf %s "$1" > argument; touch done-argument', 'sh', EVIL) }) }),
    verifyHttp({ id: 'http', requests: [{ name: 'say', url: '${server.url}/x', expect: { status: 201 } }] }),
  `
  const book = await bookFolder(
    bookOf(steps, {
      before: `import { pullCode, verifyHttp } from 'runbook/steps'
        const EVIL = ${JSON.stringify(evil)}
        const NAME = 'a b $(touch pwned)' + String.fromCharCode(39) + ';DROP'`,
      environment: `database: { url: secret('DATABASE_URL') }, app: { dir: ${JSON.stringify(git.clone)}, branch: ${JSON.stringify(branch)} }`,
    }),
  )
  ends.push(book.dispose)
  const variables = { ...gitVariables, DATABASE_URL: db.url }
  writeFileSync(join(git.clone, '.git/info/exclude'), 'evil\ndone-*\nargument\n')
  writeFileSync(join(git.clone, 'evil'), evilBytes)

  const seen: string[] = []
  const call = async (...args: string[]) => {
    const ended = await book.runbook(args, { variables })
    seen.push(ended.out, ended.err)
    return ended
  }
  expect((await call('plan', 'staging', '--verbose')).exit).toBe(0)
  const deployed = await call('deploy', 'staging', '--yes', '--verbose')
  // The answer is 200, which is not what was expected; everything before that was done.
  expect([deployed.exit, deployed.out]).toEqual([1, expect.stringContaining('answers 201')])
  expect(readFileSync(join(git.clone, 'argument'), 'utf8')).toBe(evil)
  for (const args of [
    ['show', '--verbose'],
    ['runs'],
    ['verify', 'staging', '--verbose'],
    ['show', '--check'],
  ])
    await call(...args)
  const json = await call('show', '--json')
  const events = eventsIn(json.out)
  expect(events.length).toBeGreaterThan(5)
  expect((await call('show', 'staging-deploy', '--check')).exit).toBe(0)
  for (const text of seen.filter((text) => !text.startsWith('{"seq"'))) isTame(text)

  const again = book.startOnTerminal(['deploy', 'staging', '--verbose'], { variables })
  await again.shows('Deploy tested to staging?')
  again.type('y\r')
  await again.shows(/What now\?/)
  again.type('\u0003')
  await again.ended
  // What the tool itself draws: colours, the cursor, lines taken off.
  isTame(
    again.printed.all.replace(
      /\u001b\[(\d+(;\d+)*)?[mABCDGK]|\u001b\[\?25[lh]|\u001b\[(0?J|6n|\?2026[hl]|\?7[hl])/g,
      '',
    ),
  )

  // Bytes are kept as they came, as far as they are text.
  const kept = readdirSync(join(book.stateDir, 'runs')).map((run) =>
    readFileSync(join(book.stateDir, 'runs', run, 'journal.jsonl'), 'utf8'),
  )
  const outputs = kept
    .flatMap((text) => eventsIn(text))
    .flatMap((event) => (event.type === 'output' ? [event.text] : []))
  expect(outputs.join('')).toContain(evilBytes.toString('utf8'))
  nothingRan(book.folder, git.clone)
}, 120_000)

test('changed files with hostile names are named, and nothing of them is obeyed', async () => {
  const names = [`new\nline`, escapes.replaceAll('/', ''), '$(touch pwned)', `'"`, '-rf', '\u202egnp']
  const git = gitRemote(Object.fromEntries(names.map((name) => [name, 'one\n'])))
  ends.push(git.dispose)
  git.write(git.clone, Object.fromEntries(names.map((name) => [name, 'another\n'])))
  const book = await bookFolder(
    bookOf(`pullCode()`, {
      before: `import { pullCode } from 'runbook/steps'`,
      environment: `app: { dir: ${JSON.stringify(git.clone)} }`,
    }),
  )
  ends.push(book.dispose)
  git.push({ 'app.txt': 'two\n' })
  const { exit, out, err } = await book.runbook(['deploy', 'staging', '--yes'], { variables: gitVariables })
  expect(exit).toBe(3)
  expect(out).toContain('$(touch pwned)')
  isTame(out + err)
  expect((await book.runbook(['show', '--check'])).exit).toBe(0)
  nothingRan(book.folder, git.clone)
})
