import { makeGuide } from '../engine/make-guide.ts'
import { expectedDurations } from '../journal/durations.ts'
import { lastDeployment } from '../journal/past-runs.ts'
import { guidePage } from '../render/guide-page.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { whyBlind } from './why-blind.ts'

/** The book as a markdown page that a person can follow by hand. */
export const guide = (invocation: Invocation): Promise<number> =>
  lookCommand(
    invocation,
    async ({ arrangement, stateDir }, context) => {
      const { steps: usually } = await expectedDurations(stateDir, arrangement.env.name, 'deploy')
      const last = await lastDeployment(stateDir, arrangement.env.name)
      const blind = await whyBlind(context)
      const made = await makeGuide(arrangement, context, {
        usually,
        ...(last && { last }),
        ...(blind !== undefined && { blind }),
      })
      invocation.say(guidePage(context.recorder.redacted(made)))
    },
    { anyTarget: true },
  )
