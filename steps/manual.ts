import { z } from 'zod'
import {
  defineCheck,
  defineStep,
  factory,
  fails,
  forwardOnly,
  holds,
  instructs,
  nothingToUndo,
  reverse,
  signedOffText,
  type Undo,
} from '../runbook/index.ts'

/** What a person does with their own hands, and confirms. */
export const manual = factory(
  'manual',
  {
    /** What to do. With `items`: what they have in common. */
    text: z.string().min(1).optional().describe('what to do; with `items`: what they have in common'),
    /** A checklist: each is confirmed by itself. */
    items: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('a checklist: each item is confirmed by itself'),
    /** An item may be answered with 'does not apply', and a reason. Default: false. */
    mayNotApply: z
      .boolean()
      .default(false)
      .describe('whether an item may be answered with “does not apply”, for which a reason is asked'),
    /** Default: prepares. */
    sort: z
      .enum(['state', 'follows', 'verifies', 'prepares'])
      .default('prepares')
      .describe('state, follows, verifies or prepares: what a rollback makes of it; default: prepares'),
    /** The way back by hand, or why there is none. Needed for the sort `state`. */
    undo: z
      .union(
        [
          z.strictObject({ text: z.string().min(1) }),
          z.strictObject({ forwardOnly: z.string().min(1), instead: z.string().min(1) }),
          z.strictObject({ nothing: z.string().min(1) }),
        ],
        '{ text }, { forwardOnly, instead } or { nothing }',
      )
      .optional()
      .describe(
        'the way back by hand: { text }; or why there is none: { forwardOnly, instead } or { nothing }',
      ),
  },
  ({ text, items, mayNotApply, sort, undo }) => {
    const tasks = (items ?? ['']).map((item, i, { length }) => ({
      name: `task-${i + 1}`,
      what: item || (text ?? ''),
      instruction: {
        ...instructs([text, item].filter(Boolean).join('\n')),
        ...(length > 1 && { place: `${i + 1} of ${length}` }),
        ...(mayNotApply && { mayNotApply }),
      },
    }))
    const confirmed = tasks.map(({ name, what }) => confirmedByHand(name, what))

    return {
      ...defineStep({
        id: 'manual',
        title: 'Do by hand',
        about:
          'Shows an instruction, or a checklist item by item, and goes on when the operator confirms it. Who that was, ' +
          'when, and a note of theirs stand in the transcript; what was confirmed is not asked again by a resume. A no ' +
          'fails the step. With --yes nobody is asked, and the transcript says so. Nothing is looked at: where a check ' +
          'can see whether it was done, name it in `after`.',
        sort,
        actions: () => Object.fromEntries(tasks.map(({ name, instruction }) => [name, instruction])),
        run: async ({ perform, signedOff }) => {
          // By its text: a book may have changed since.
          for (const { name, instruction } of tasks)
            if (signedOff(name)?.to !== instruction.text) await perform(name)
        },
        after: () => [confirmed[0]!, ...confirmed.slice(1)],
        output: async ({ signedOff }) => ({ answers: tasks.flatMap(({ name }) => signedOff(name) ?? []) }),
        summary: ({ output: { answers } }) => signedOffText(answers),
        undo: () => wayBack(undo),
      }),
      mistakes: [
        ...(text || items ? [] : [{ at: 'steps.manual', expected: '`text` or `items`' }]),
        ...(sort === 'state' && !undo
          ? [{ at: 'steps.manual.undo', expected: 'the way back of a state' }]
          : []),
      ],
    }
  },
  { title: 'Look at the pages', items: ['Create a project in the UI', 'Delete it again'] },
)

const confirmedByHand = (action: string, task: string) =>
  defineCheck({
    fact: `confirmed by the operator: ${task.split('\n')[0]}`,
    remedy: 'do it, then: runbook resume',
    look: async ({ performed }) => {
      const answer = performed(action)
      return answer ? holds(answer) : fails('not confirmed')
    },
  })

type WayBack = { text: string } | { forwardOnly: string; instead: string } | { nothing: string }

const wayBack = (undo: WayBack | undefined): Undo => {
  if (!undo) return nothingToUndo('it changes nothing that a rollback restores')
  if ('text' in undo) return reverse('code', { back: instructs(undo.text) })
  return 'nothing' in undo ? nothingToUndo(undo.nothing) : forwardOnly(undo.forwardOnly, undo.instead)
}
