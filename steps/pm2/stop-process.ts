import { processStopped } from '../../checks/process-stopped.ts'
import { pm2Instances } from '../../checks/reading/pm2-instances.ts'
import { type Actions, changes, defineStep, nothingToUndo, within } from '../../runbook/index.ts'

/** Stops a process under pm2, which goes on knowing it: the restart starts it again. */
export const stopProcess = (process: string, health: string | false) =>
  defineStep({
    id: `stop-${process}`,
    title: `Stop ${process}`,
    about: 'Stops a process under pm2, and proves that nothing of it runs or answers any more.',
    sort: 'follows',
    observe: async (look) => ({
      pids: (await pm2Instances(look, process)).map(({ pid }) => pid).filter(Boolean),
    }),
    actions: ({ observed: { pids } }): Actions =>
      pids.length ? { stop: changes('pm2', 'stop', process) } : {},
    after: ({ observed: { pids } }) => [within(processStopped({ process, pids, health }), 15_000, 50)],
    summary: ({ observed: { pids } }) => (pids.length ? `pid ${pids.join(', ')} ended` : 'it did not run'),
    undo: () => nothingToUndo('the next step starts it again'),
  })
