import { logLacksLine } from '../../checks/log-lacks-line.ts'
import { fileTimes } from '../../checks/reading/file-times.ts'
import { pm2Instances } from '../../checks/reading/pm2-instances.ts'
import { defineCheck, defineDiagnosis, holds, type Look, type Step, typed } from '../../runbook/index.ts'
import { outputIfDone } from '../output-if-done.ts'
import { logsNow, type ProcessLogs } from '../pm2/process-logs.ts'
import { ofWhatRuns, symptoms } from './symptoms.ts'

/** What an error line has, in the error log. */
const ERROR = /error|exception|fatal|unhandled|cannot |denied/i
/** How far back is read where no run tells where the log began. Bytes. */
const BACK = 16 * 1024

/** What the application itself says. `restart`: the step whose run tells where its log begins, at where it ended before. */
export const errorsInLog = (process: string, restart: Step<any, any, ProcessLogs>) =>
  defineDiagnosis({
    id: 'errors-in-log',
    symptom: symptoms.stillFails,
    cause: `${process} writes errors into its log`,
    shows: 'sign',
    probe: defineCheck({
      fact: `${process} has written no error since it was started`,
      remedy: typed`pm2 logs ${process} --err --lines 100`,
      look: async (at) => {
        const logs = outputIfDone(at, restart)?.err ?? (await lastWritten(at, process))
        if (logs.length === 0) return holds('nothing was written since')
        // How a run goes on over it is no remedy of what the log tells.
        const { remedy: _, ...verdict } = await logLacksLine(logs, ERROR).look(at)
        // A log that is not there has no error.
        return verdict.holds || verdict.tail ? verdict : holds(verdict.seen)
      },
    }),
    fits: ofWhatRuns,
  })

/** The end of each log to which the process has written since its start. */
const lastWritten = async (at: Look, process: string): Promise<ProcessLogs['err']> => {
  const instances = await pm2Instances(at, process)
  const started = Math.min(...instances.map(({ startedAt }) => startedAt))
  const { err } = await logsNow(at, process, instances)
  const times = await fileTimes(
    at,
    '.',
    err.map(({ path }) => [path]),
  )
  return err
    .filter((_, i) => (times[i]?.ms ?? 0) >= started)
    .map(({ path, from }) => ({ path, from: Math.max(0, from - BACK) }))
}
