import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { typed } from '../../runbook/model/shell-word.ts'
import { withCommands } from '../../runbook/render/markdown.ts'

/** What a reader of markdown copies: the content of a code span, or the line itself. See spec.commonmark.org, 6.1. */
const copied = (markdown: string): string => {
  const [, , inside] = /^(`+)(?!`)([\s\S]*[^`])\1$/.exec(markdown) ?? []
  return inside === undefined ? markdown : inside.replace(/^ (.*) $/, '$1')
}
const words = (command: string): string[] =>
  execFileSync('sh', ['-c', `printf '%s\\0' ${command}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1)

describe('a command in a sentence of a markdown page', () => {
  test.each([
    "a'$(touch${IFS}PWN)'b",
    "it's",
    'back\\slash',
    'two  spaces',
    '*',
    '_wip_',
    '~~gone~~',
    '`touch PWN`',
    "`it's`",
    '<b>',
    '[a](b)',
    '&lt;',
    '$x$',
    'main',
    'feat/login_form-2',
  ])('is copied as it is typed: %s', (branch) => {
    const remedy = typed`git checkout ${branch}`
    const written = withCommands(remedy)
    expect(copied(written)).toBe(remedy)
    expect(words(copied(written))).toEqual(['git', 'checkout', branch])
    // What is no code has nothing in it that markdown takes away.
    if (written === remedy) expect(remedy).toMatch(/^[\w ./-]+$/)
  })

  test('is copied as it is typed, whatever stands in it', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const remedy = typed`rm -- ${name}`
        expect(copied(withCommands(remedy))).toBe(remedy)
      }),
      { numRuns: 1000 },
    )
  })

  test.each([
    'build it',
    'correct `pending` in the book, or the revision',
    'write `{ a: 1 }`; then: runbook resume',
    'npx prisma migrate resolve, with --rolled-back or --applied',
  ])('leaves prose as it is: %s', (text) => {
    expect(withCommands(text)).toBe(text)
  })
})
