import { expect, test } from 'vitest'
import { z } from 'zod'
import { type Check, defineCheck, holds } from '../../runbook/model/check.ts'
import { factory } from '../../runbook/model/factory.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { defineStep } from '../../runbook/model/step.ts'
import { nothingToUndo } from '../../runbook/model/undo.ts'

const check = (fact: string): Check => defineCheck({ fact, remedy: 'wait', look: async () => holds('it is') })
const brew = factory(
  'brew-tea',
  {
    /** Minutes. */
    minutes: z.int().positive().default(4),
    leaf: z.enum(['green', 'black']).optional(),
  },
  ({ minutes, leaf = 'green' }) =>
    defineStep({
      id: 'brew-tea',
      title: `Brew ${leaf} tea for ${minutes} min`,
      about: 'Brews tea.',
      sort: 'state',
      before: () => [check('the water boils')],
      after: () => [check('the tea is ready')],
      undo: () => nothingToUndo('it was drunk'),
    }),
  { leaf: 'black' },
)
const known = {
  observed: null,
  env: resolveEnvironment('staging', { app: { dir: '.' } }, '/'),
  run: { stamp: '', backups: '', copies: '' },
}
const facts = (checks: readonly Check[]) => checks.map(({ fact }) => fact)

test('without options a step has the defaults', () => {
  for (const step of [brew(), brew({})]) {
    expect(step).toMatchObject({
      ...{ kind: 'step', id: 'brew-tea', title: 'Brew green tea for 4 min', sort: 'state', optional: false },
      mistakes: [],
    })
    expect(facts(step.before(known))).toEqual(['the water boils'])
    expect(facts(step.after(known))).toEqual(['the tea is ready'])
  }
})

test('options of its own, and those that every step understands', () => {
  const step = brew({
    ...{ minutes: 2, leaf: 'black', id: 'second', title: 'Brew again', optional: true },
    before: [check('there is milk')],
    after: [check('there is sugar'), check('the tea is ready')],
  })
  expect(step).toMatchObject({ id: 'second', title: 'Brew again', optional: true, mistakes: [] })
  expect(brew({ minutes: 2, leaf: 'black' }).title).toBe('Brew black tea for 2 min')
  expect(facts(step.before(known))).toEqual(['the water boils', 'there is milk'])
  // What both have found stands once.
  expect(facts(step.after(known))).toEqual(['the tea is ready', 'there is sugar'])
})

test('the documentation of a step is made of what its factory carries', () => {
  expect(brew.id).toBe('brew-tea')
  expect(brew.example).toEqual({ leaf: 'black' })
  expect(Object.keys(brew.options.shape)).toEqual([
    'minutes',
    'leaf',
    'id',
    'title',
    'optional',
    'baseline',
    'before',
    'after',
  ])
})

test.each<[string, unknown, string[]]>([
  ['an unknown key', { minuts: 3 }, ['minuts: is not a known key']],
  ['a wrong type', { minutes: '3' }, ['minutes: expected number, received string']],
  ['a wrong value', { leaf: 'red' }, ['leaf: Invalid option: expected one of "green"|"black"']],
  ['a bad id', { id: 'Brew Tea' }, ['id: lower-case letters, digits and dashes']],
  ['a check that is none', { before: [() => true] }, ['before.0: a check']],
  [
    'several',
    { minutes: 0, leaf: 1, x: 1, y: 2 },
    ['minutes:', 'leaf:', 'x: is not a known key', 'y: is not a known key'],
  ],
  ['no object', 'strong', [': expected object, received string']],
  ['null is no options', 7, [': expected object, received number']],
])('%s is kept in the step, and nothing is thrown', (_, options, mistakes) => {
  const step = brew(options as never)
  expect(step.kind).toBe('step')
  expect(step.mistakes.map(({ at, expected }) => `${at}: ${expected}`)).toEqual(
    mistakes.map((mistake) =>
      expect.stringContaining(
        mistake.startsWith(':') ? `steps.brew-tea${mistake}` : `steps.brew-tea.${mistake}`,
      ),
    ),
  )
})

test('a mistaken step keeps the id that it was given, so that two of them are told apart', () => {
  expect(brew({ id: 'second', minutes: -1 }).id).toBe('second')
  expect(brew({ minutes: -1 }).id).toBe('brew-tea')
})
