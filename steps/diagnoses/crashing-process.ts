import { processStable } from '../../checks/process-stable.ts'
import { pm2Instances } from '../../checks/reading/pm2-instances.ts'
import { withLogTail } from '../../checks/reading/with-log-tail.ts'
import { type Check, defineDiagnosis, type Remedy } from '../../runbook/index.ts'
import { logsNow } from '../pm2/process-logs.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** How long it must have run. Milliseconds. */
const SOAK = 1000
/** How much of its log is shown. Bytes. */
const TAIL = 4096

/** pm2 does not run it, or starts it again and again. */
export const crashingProcess = (process: string, remedy: Remedy) =>
  defineDiagnosis({
    id: 'crashing-process',
    symptom: symptoms.stillFails,
    cause: `${process} does not run, or not for long`,
    probe: showingItsLog(process),
    fits: ofWhatRuns,
    remedy,
  })

const showingItsLog = (process: string): Check => {
  const stable = processStable({ process, soak: SOAK })
  return {
    ...stable,
    look: async (at) => {
      const logs = await logsNow(at, process, await pm2Instances(at, process))
      const ends = (of: typeof logs.err) =>
        of.map(({ path, from }) => ({ path, from: Math.max(0, from - TAIL) }))
      return withLogTail(stable, { err: ends(logs.err), out: ends(logs.out) }).look(at)
    },
  }
}
