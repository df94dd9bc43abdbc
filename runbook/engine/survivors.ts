import { endGroup, groupSurvives } from '../doors/process.ts'
import type { ProcessIdentity } from '../model/event.ts'
import { askChoice } from './ask.ts'
import type { RunContext } from './run-context.ts'

/** How long what has outlived its run is waited for where nobody can be asked. Milliseconds. */
const PATIENCE = 60_000
const EVERY = 100

/** A program that a killed run had started, and that still runs. */
interface Survivor extends ProcessIdentity {
  step: string
  printed: string
}

/**
 * Sees to the programs that have outlived a killed run, before a step of theirs is begun again: an operator says
 * whether they are waited for or ended; where there is none they are waited for, and then ended.
 */
export const seeToSurvivors = async (context: RunContext): Promise<void> => {
  for (const survivor of survivorsOf(context)) {
    const { pid, step, printed } = survivor
    const named = `\`${printed}\` of the killed run, process ${pid}`
    const meant = await askWhatToDo(named, context)
    const until = meant === 'wait' ? Number.POSITIVE_INFINITY : context.doors.clock.monotonic() + PATIENCE
    if (meant !== 'end')
      while (groupSurvives(survivor) && context.doors.clock.monotonic() < until)
        await context.doors.clock.sleep(EVERY, context.signal)
    const ended = groupSurvives(survivor)
    if (ended) await endGroup(pid)
    context.recorder.record({
      type: 'looked',
      step,
      side: 'before',
      fact: 'nothing of the killed run works on it any more',
      holds: true,
      seen: `${named}, ${ended ? 'was ended' : 'has come to its end'}`,
      ms: 0,
    })
  }
}

const survivorsOf = ({ state }: RunContext): Survivor[] =>
  [...state.steps.values()].flatMap(({ id, actions }) =>
    [...actions.values()].flatMap(({ process, ended, printed }) =>
      process && !ended && groupSurvives(process) ? [{ ...process, step: id, printed }] : [],
    ),
  )

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
