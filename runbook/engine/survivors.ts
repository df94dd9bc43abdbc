import { endGroup, groupSurvives } from '../doors/process.ts'
import type { RunState } from '../journal/fold.ts'
import { recall } from '../journal/history.ts'
import type { Kept, ProcessIdentity } from '../model/event.ts'
import type { Step } from '../model/step.ts'
import { askChoice } from './ask.ts'
import type { RunContext } from './run-context.ts'

/** How long what has outlived its run is waited for where nobody can be asked. Milliseconds. */
const PATIENCE = 60_000
const EVERY = 300

/** A program that a killed run had started, and that still runs. */
interface Survivor {
  step: string
  named: string
  lives(): Promise<boolean>
  end(): Promise<void>
  /** How it ended, where somebody knows. */
  told(): Promise<string>
}

/**
 * Sees to the programs that have outlived a killed run, before a step of theirs is begun again: an operator says
 * whether they are waited for or ended; where there is none they are waited for, and then ended. `only`: where one step
 * is tried again, since others may run beside it.
 */
export const seeToSurvivors = async (context: RunContext, only?: Step): Promise<void> => {
  for (const survivor of await survivorsOf(context.state, context, only)) await seeTo(survivor, context)
}

/**
 * The same for the killed runs before this one, which is not theirs: a deployment or a way back beside what still writes
 * would be proven, and then changed behind its back.
 */
export const seeToEarlierSurvivors = async (stateDir: string, context: RunContext): Promise<void> => {
  for (const run of await context.ledger.history()) {
    const { ended } = run.summary
    if (!run.here || run.id === context.state.started?.run || (ended && ended.verdict !== 'interrupted'))
      continue
    const { state } = await recall(stateDir, run)
    // What has ended meanwhile is left as it is: whoever goes on with that run asks how.
    for (const { step: _, ...survivor } of await survivorsOf(state, context))
      if (await survivor.lives()) await seeTo(survivor, context)
  }
}

const seeTo = async (
  { step, named, lives, end, told }: Omit<Survivor, 'step'> & Partial<Pick<Survivor, 'step'>>,
  context: RunContext,
): Promise<void> => {
  const meant = (await lives()) ? await askWhatToDo(named, context) : 'nothing'
  const until = meant === 'wait' ? Number.POSITIVE_INFINITY : context.doors.clock.monotonic() + PATIENCE
  if (meant !== 'end')
    while ((await lives()) && context.doors.clock.monotonic() < until)
      await context.doors.clock.sleep(EVERY, context.signal)
  const ended = await lives()
  if (ended) await end()
  context.recorder.record({
    type: 'looked',
    ...(step ? { step, side: 'before' } : { side: 'needs' }),
    fact: `nothing of the killed run works on it any more`,
    holds: true,
    seen: `${named}, ${ended ? 'was ended' : await told()}`,
    ms: 0,
  })
}

const survivorsOf = async (state: RunState, context: RunContext, only?: Step): Promise<Survivor[]> => {
  const survivors: Survivor[] = []
  for (const { id: step, actions } of state.steps.values())
    for (const { processes, kept, ended, printed } of actions.values()) {
      if (ended || (only && only.id !== step)) continue
      for (const process of processes.filter(groupSurvives))
        survivors.push(ofThisMachine(step, printed, process))
      if (kept && context.doors.host) survivors.push(await onHost(step, printed, kept, context))
    }
  return survivors
}

const ofThisMachine = (step: string, printed: string, process: ProcessIdentity): Survivor => ({
  step,
  named: `\`${printed}\` of the killed run, process ${process.pid}`,
  lives: async () => groupSurvives(process),
  end: () => endGroup(process.pid),
  told: async () => 'has come to its end',
})

/** The host keeps how it ended, so that it is said also of one that has ended meanwhile. */
const onHost = async (
  step: string,
  printed: string,
  { job }: Kept,
  context: RunContext,
): Promise<Survivor> => {
  const host = context.doors.host!
  const state = () => host.stateOf(job, context.signal)
  return {
    step,
    named: `\`${printed}\`, which this run could not see to its end`,
    lives: async () => (await state()).is === 'running',
    end: async () => {
      await host.end(job)
      await host.forget([job])
    },
    told: async () => {
      const told = await state()
      if (told.is === 'ended') return `has ended there with exit ${told.exit}`
      if (told.is === 'unknown') return 'had not begun there'
      // Without an exit status there is nothing to go on with.
      await host.forget([job])
      return 'was ended there'
    },
  }
}

const askWhatToDo = (named: string, context: RunContext): Promise<string> =>
  context.answers.canAsk
    ? askChoice(
        `${named}, still runs. What now?`,
        [
          { name: 'Wait until it has ended', value: 'wait' },
          { name: 'End it', value: 'end' },
        ],
        undefined,
        context,
      )
    : Promise.resolve('wait a while')
