import { verify as verifyBook } from '../engine/verify.ts'
import { listRuns, readRun } from '../journal/runs.ts'
import type { Invocation } from './invocation.ts'
import { runCommand } from './run-command.ts'

/** Only the checks of what should hold after a deployment. */
export const verify = (invocation: Invocation): Promise<number> =>
  runCommand('verify', invocation, {
    locks: false,
    work: async ({ open: { arrangement, stateDir }, context }) => {
      await verifyBook(arrangement, context, await lastDeployment(stateDir, arrangement.env.name))
    },
  })

const lastDeployment = async (stateDir: string, env: string) => {
  for (const run of listRuns(stateDir).reverse()) {
    if (!run.includes(`Z-${env}-deploy-`)) continue
    const state = await readRun(stateDir, run)
    if (state.ended?.verdict === 'done') return state
  }
  return undefined
}
