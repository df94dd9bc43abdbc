import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { bookFolder, bookOf } from '../rig/command-line.ts'

const steps = `phase('Prepare', { takes: '2m' }, [does('one', 'echo "<script>alert(1)</script>"; printf "\\\\033]0;title\\\\007\\\\033[31mred\\\\n"', { title: 'Do <b>one</b> & "two"' })]),
  phase('Build', [parallel([does('two', 'sleep 0.3'), does('three', 'sleep 0.1')]), sh('four', 'seq 1 5000; echo the last line >&2; exit 3', { sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-four') }) })])`

const failed = async () => {
  const book = await bookFolder(bookOf(steps))
  onTestFinished(book.dispose)
  const runbook = (...args: string[]) => book.runbook(args, { variables: { SUDO_USER: 'ada' } })
  expect((await runbook('deploy', 'staging', '--yes')).exit).toBe(1)
  return { ...book, runbook }
}

/** Every tag in it, by name. */
const tagsOf = (page: string): Set<string> =>
  new Set([...page.matchAll(/<\/?([a-z0-9]+)/g)].map(([, tag]) => tag!))

test('a run as one page that needs nothing else: how it ended, when, and with which evidence', async () => {
  const { runbook, stateDir } = await failed()
  const said = await runbook('report', '--json')
  expect([said.exit, said.err]).toEqual([0, ''])
  const { run, path } = JSON.parse(said.out)
  expect(path).toBe(join(stateDir, 'reports', `${run}.html`))
  expect(statSync(path).mode & 0o777).toBe(0o600)
  const page = readFileSync(path, 'utf8')
  for (const words of [
    '<title>Deploy tested to staging: failed</title>',
    /<dt>by<\/dt><dd>\S.*, uid \d+, on \S+, no terminal, runbook /,
    '<b>`sh -c &#39;seq 1 5000; echo the last line &gt;&amp;2; exit 3&#39;` ended with exit 3</b>'
      .replaceAll('&gt;', '&#62;')
      .replaceAll('&amp;', '&#38;'),
    'to go on: <code>runbook resume</code>',
    'to get back: <code>runbook rollback staging</code>',
    // Its phases and the time of each step.
    /<td>Prepare<\/td><td class="number">2 min 00 s<\/td>/,
    /<div class="name" title="Do two">Do two<\/div>\s*<div class="track good"><span class="bar" style="left: \d/,
    // What failed is open, with the end of what it printed.
    /<details open>\s*<summary><span class="bad">✖<\/span><b>Do four<\/b>/,
    /… 15\.\d kB before this\n[^<]*\n5000\nthe last line\n<span class="bad">exit 3 in /,
    'the way back: back',
    '✓</span> done-two is there: <span class="faint">it is</span>',
    'The transcript is as it was written: ',
  ])
    expect(page).toMatch(words)
})

test('nothing that a run has printed or is called becomes a part of the page', async () => {
  const { runbook, stateDir } = await failed()
  const said = await runbook('report', '--out', 'page of a run.html')
  expect(said.exit).toBe(0)
  const page = readFileSync(join(stateDir, '..', 'page of a run.html'), 'utf8')
  expect(page).toContain('Do &#60;b&#62;one&#60;/b&#62; &#38; &#34;two&#34;')
  expect(page).toContain('&#60;script&#62;alert(1)&#60;/script&#62;\nred\n')
  expect(page).not.toMatch(/\u001b|\u0007|https?:\/\/(?!127)/)
  for (const tag of ['script', 'img', 'link', 'iframe', 'a']) expect(tagsOf(page)).not.toContain(tag)
})

test('a transcript that was changed is said to be; a run that has no end has none', async () => {
  const { runbook, stateDir } = await failed()
  const [{ run }] = [JSON.parse((await runbook('report', '--json')).out)]
  const path = join(stateDir, 'runs', run, 'journal.jsonl')
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n')
  writeFileSync(
    path,
    `${lines.slice(0, -2).join('\n').replace('by a flag', 'x').replace('Do two', 'Do more')}\n`,
  )
  expect((await runbook('report')).exit).toBe(0)
  const page = readFileSync(join(stateDir, 'reports', `${run}.html`), 'utf8')
  expect(page).toContain('The transcript is NOT as it was written: line ')
  expect(page).toContain('<span class="verdict warn">has no end</span>')
  expect((await runbook('report', 'nothing')).exit).toBe(2)
})
