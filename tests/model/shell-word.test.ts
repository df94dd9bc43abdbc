import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import fc from 'fast-check'
import ts from 'typescript'
import { expect, test } from 'vitest'
import { typed, typedWord } from '../../runbook/model/shell-word.ts'

// What is printed to be typed is taken by a shell for exactly what is meant.

/** The words that bash takes a line for. */
const wordsOf = (line: string): string[] => {
  const script = `printf '%s\\0' ${line}`
  const variables = { PATH: process.env.PATH!, HOME: '/root', LC_ALL: 'C.UTF-8' }
  return execFileSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: variables })
    .split('\0')
    .slice(0, -1)
}

/** As people, and attackers, name folders, branches, databases and processes. */
const hostile = [
  ...[
    "it's",
    'a b',
    '$(touch ran)',
    '`touch ran`',
    '; touch ran',
    "'; touch ran; '",
    '"; touch ran; "',
    '&& x',
  ],
  ...[
    '| x',
    '> ran',
    '*',
    '~',
    '~root',
    'a=~',
    '=x',
    '!!',
    '#x',
    '{a,b}',
    '[ab]',
    '\\',
    "\\'",
    '',
    '-rf',
    '$HOME',
  ],
  ...[
    'a\nb',
    '\u001b]0;x\u0007',
    '‮txt.exe',
    '​',
    '\u0085',
    '‹secret $(touch ran)›',
    '‹a b›',
    'ünï ☃ 😀',
    '\t',
  ],
]

test('each name is one word of a shell, on one line, and nothing in it is hidden', () => {
  const word = fc.oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }).map(withoutNul))
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
      const line = typed`${words}`
      expect(wordsOf(line)).toEqual(words)
      expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
    }),
    { numRuns: 60 },
  )
  for (const one of hostile) expect(wordsOf(typed`x${one}..${one}`)).toEqual([`x${one}..${one}`])
})
/** No name has it. Half a surrogate is no text. */
const withoutNul = (text: string): string => Buffer.from(text.replaceAll('\0', '')).toString('utf8')

test('what needs no quotes has none, and what stands for a value stays to be read', () => {
  expect(typed`git -C ${'/srv/shop'} log ${'8f9abcd'}..${'273eeff'} -- ${['a.txt', 'b/c.txt']} ${7}`).toBe(
    'git -C /srv/shop log 8f9abcd..273eeff -- a.txt b/c.txt 7',
  )
  expect(typedWord('‹secret TOKEN›')).toBe('‹secret TOKEN›')
  expect(typedWord('--snapshot=‹snapshot›')).toBe('--snapshot=‹snapshot›')
  expect(typedWord('‹secret TOKEN›', { quoted: true })).toBe("'‹secret TOKEN›'")
  expect(typedWord('cd backend\nnpm ci', { lines: true })).toBe("'cd backend\nnpm ci'")
})

/** Programs that remedies, plans and guides tell people to type. */
const PROGRAMS = [
  ...[
    'runbook',
    'git',
    'rm',
    'rmdir',
    'mv',
    'cp',
    'cd',
    'ls',
    'chmod',
    'chown',
    'tail',
    'grep',
    'cat',
    'psql',
  ],
  ...[
    'pg_isready',
    'pm2',
    'npx',
    'npm',
    'ssh',
    'ssh-keygen',
    'ssh-copy-id',
    'curl',
    'docker',
    'mkdir',
    'systemctl',
  ],
]
const COMMAND = new RegExp(`(?:^|[\\s\`'"(:;,|&→])(?:${PROGRAMS.join('|')})\\s[^;:,]*$`)

/** What only looks like a command to be typed: scripts of the tool itself, prose, SQL; by file and words. */
const OTHERS: readonly (readonly [file: RegExp, words: RegExp])[] = [
  [/doors\/(remote-scripts|ssh)\.ts$/, /./],
  [/print-action\.ts$/, /^cd /],
  [
    /(run-id|bundle|incident-page|report\/page|transcript-text|evidence\/pm2)\.ts$/,
    /runbook \$|, runbook|^pm2 \$/,
  ],
  [/(incident|guide)-page\.ts$/, /^Written on/],
  [/by-hand\.ts$/, /^cat > |^chmod /],
  [/tools\.ts$/, /^psql -f/],
  [/process-known\.ts$/, /^pm2 knows/],
  [/watch\.ts$/, /^asks pm2/],
  [/explain\.ts$/, /^write the server’s/],
  [/tree-is\.ts$/, /git is told/],
  [/record-in-changelog\.ts$/, /^git does not track/],
  [/kept-changes\.ts$/, /^git tracks/],
  [/write-book\.ts$/, /The page signs in by/],
  [/git-hooks\.ts$/, /^git is told/],
  [/ecosystem-differences\.ts$/, /what pm2 runs|^pm2 runs no/],
  [/./, /SELECT |pg_depend|pg_description/],
]

const sources = ['runbook', 'steps', 'checks'].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`),
)

test('every command that the sources print has its names quoted', () => {
  const found: string[] = []
  for (const file of sources) {
    const source = ts.createSourceFile(file, readFileSync(file, 'utf8'), ts.ScriptTarget.Latest, true)
    const visit = (node: ts.Node): void => {
      if (ts.isTemplateExpression(node) && !ts.isTaggedTemplateExpression(node.parent)) {
        let text = node.head.text
        let isCommand = COMMAND.test(text)
        for (const span of node.templateSpans) {
          text += `\${}${span.literal.text}`
          if (span !== node.templateSpans.at(-1)) isCommand ||= COMMAND.test(text)
        }
        if (isCommand && !OTHERS.some(([where, words]) => where.test(file) && words.test(text)))
          found.push(`${file}: ${text}`)
      }
      ts.forEachChild(node, visit)
    }
    visit(source)
  }
  expect(found).toEqual([])
})
