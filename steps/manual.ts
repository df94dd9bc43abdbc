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
  ({ text, items, sort, undo }) => {
    const tasks = items?.map((item) => (text ? `${text}\n${item}` : item)) ?? [text ?? '']
    const actions = Object.fromEntries(tasks.map((task, i) => [`task-${i + 1}`, instructs(task)]))
    const confirmed = tasks.map((task, i) => confirmedByHand(`task-${i + 1}`, items?.[i] ?? task))

    return {
      ...defineStep({
        id: 'manual',
        title: 'Do by hand',
        about:
          'Shows an instruction, or a checklist item by item, and goes on when the operator confirms it; a note of ' +
          'theirs goes into the transcript. Declining one fails the step. Nothing is looked at: where a check can see ' +
          'whether it was done, name it in `after`.',
        sort,
        actions: () => actions,
        after: () => [confirmed[0]!, ...confirmed.slice(1)],
        summary: () => (tasks.length === 1 ? 'confirmed' : `${tasks.length} items confirmed`),
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
