import { verify as verifyBook } from '../engine/verify.ts'
import { lastDeployment } from '../journal/past-runs.ts'
import type { Invocation } from './invocation.ts'
import { runCommand } from './run-command.ts'

/** Only the checks of what should hold after a deployment. */
export const verify = (invocation: Invocation): Promise<number> =>
  runCommand('verify', invocation, {
    locks: false,
    work: async ({ arrangement, stateDir, context }) => {
      const last = await lastDeployment(stateDir, arrangement.env.name)
      await verifyBook(arrangement, context, last?.state)
    },
  })
