import { processStopped } from '../../checks/process-stopped.ts'
import { type Actions, defineStep, nothingToUndo, within } from '../../runbook/index.ts'
import { asksPm2, performWithDaemon } from './ask-pm2.ts'
import { type WhatRuns, whatRuns } from './what-runs.ts'

/** Stops a process under pm2, which goes on knowing it: the restart starts it again. */
export const stopProcess = (process: string, health: string | false, timeout?: number) => {
  const actions = ({ pids }: WhatRuns): Actions =>
    pids.length ? { stop: asksPm2({ instances: pids.length, timeout }, ['stop', process]) } : {}
  return defineStep({
    id: `stop-${process}`,
    title: `Stop ${process}`,
    about: 'Stops a process under pm2, and proves that nothing of it runs or answers any more.',
    sort: 'follows',
    provenByContent: true,
    observe: (look) => whatRuns(look, process),
    actions: ({ observed }) => actions(observed),
    run: (act) =>
      performWithDaemon(act, actions(act.observed), {
        health,
        remedy: `pm2 list; what still runs is found with: ss -ltnp`,
      }),
    after: ({ observed: { pids } }) => [within(processStopped({ process, pids, health }), 15_000, 50)],
    output: async ({ observed }) => observed,
    foresee: ({ observed }) => observed,
    summary: ({ observed: { pids } }) => (pids.length ? `pid ${pids.join(', ')} ended` : 'it did not run'),
    undo: () => nothingToUndo('the next step starts it again'),
  })
}
