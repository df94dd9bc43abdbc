import { processStopped } from '../../checks/process-stopped.ts'
import { type Actions, defineStep, nothingToUndo, within } from '../../runbook/index.ts'
import { pm2 } from './pm2-command.ts'
import { whatRuns } from './what-runs.ts'

/** Stops a process under pm2, which goes on knowing it: the restart starts it again. */
export const stopProcess = (process: string, health: string | false) =>
  defineStep({
    id: `stop-${process}`,
    title: `Stop ${process}`,
    about: 'Stops a process under pm2, and proves that nothing of it runs or answers any more.',
    sort: 'follows',
    provenByContent: true,
    observe: (look) => whatRuns(look, process),
    actions: ({ observed: { pids } }): Actions => (pids.length ? { stop: pm2(['stop', process]) } : {}),
    after: ({ observed: { pids } }) => [within(processStopped({ process, pids, health }), 15_000, 50)],
    output: async ({ observed }) => observed,
    foresee: ({ observed }) => observed,
    summary: ({ observed: { pids } }) => (pids.length ? `pid ${pids.join(', ')} ended` : 'it did not run'),
    undo: () => nothingToUndo('the next step starts it again'),
  })
