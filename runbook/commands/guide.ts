import { makeGuide } from '../engine/make-guide.ts'
import { demandRightTarget } from '../engine/right-target.ts'
import type { RunContext } from '../engine/run-context.ts'
import { expectedDurations } from '../journal/durations.ts'
import { lastDeployment } from '../journal/past-runs.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { guidePage } from '../render/guide-page.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'

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

/** What is not the environment that the book means tells nothing of it, so it is not looked at; the page is needed all the same. */
const whyBlind = async (context: RunContext): Promise<string | undefined> => {
  try {
    await demandRightTarget(context)
    return undefined
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const { sentence, detail } = explain(error.failure)
    return [sentence, detail].filter(Boolean).join(' ')
  }
}
