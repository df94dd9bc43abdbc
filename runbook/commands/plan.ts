import { foresee } from '../engine/perform-book.ts'
import { expectedDurations } from '../journal/durations.ts'
import { planText } from '../render/plan-text.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'

/** What `deploy` would do, from real observations; changes nothing. */
export const plan = (invocation: Invocation): Promise<number> =>
  lookCommand(invocation, async ({ arrangement, stateDir }, context) => {
    const { book, env } = arrangement
    const { steps, runs } = await expectedDurations(stateDir, env.name, 'deploy')
    const planned = context.recorder.redacted(await foresee(arrangement, context, steps))
    if (invocation.options.json)
      for (const step of planned.steps) context.recorder.record({ type: 'planned', ...step, step: step.id })
    else
      invocation.say(
        planText(planned, { title: `Plan: ${book.name} to ${env.name}`, runs, paint: invocation.paint }),
      )
  })
