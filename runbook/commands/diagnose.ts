import { askOnTerminal } from '../doors/prompt.ts'
import { diagnose as lookAtAll } from '../engine/diagnose.ts'
import { demandRightTarget } from '../engine/right-target.ts'
import type { RunContext } from '../engine/run-context.ts'
import { latestForwards } from '../journal/past-runs.ts'
import type { EventOf } from '../model/event.ts'
import { EXIT } from '../model/exit.ts'
import { Failed } from '../model/failure.ts'
import { diagnosesOf } from '../plan/diagnoses-of.ts'
import { diagnosisLines, findingsText } from '../render/diagnosis-text.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { run } from './run.ts'

/**
 * Looks where troubles come from, and says what was found, with what mends it. Exit 1 where anything was found, 3 where
 * nothing could be looked at. On a terminal one of the remedies may be performed at once, as a run of its own.
 */
export const diagnose = async (invocation: Invocation): Promise<number> => {
  const { paint, say, canAsk, options } = invocation
  const looks: EventOf<'looked'>[] = []
  let env = ''
  const work: Parameters<typeof lookCommand>[1] = async ({ arrangement, stateDir }, context) => {
    env = arrangement.env.name
    say(`${paint.bold(`Diagnosis: ${arrangement.book.name} in ${env}`)}\n`)
    context.recorder.onEvent((event) => {
      if (event.type !== 'looked' || !event.diagnosed) return
      for (const line of diagnosisLines(event, looks.at(-1)?.diagnosed?.symptom, paint)) say(`${line}\n`)
      looks.push(event)
    })
    // Where it is not the environment that the book means, whatever is looked at would be another one's.
    if (await isRightTarget(context)) {
      const last = await latestForwards(stateDir, env)
      for (const [id, record] of last?.state.steps ?? []) context.state.steps.set(id, record)
      await lookAtAll(diagnosesOf(arrangement), context)
    }
    say(findingsText(looks, paint))
    return exitOf(looks)
  }
  const exit = await lookCommand(invocation, work, { anyTarget: true })
  const remedy = exit === EXIT.failed && canAsk && !options.json ? await askRemedy(looks, invocation) : ''
  return remedy ? run({ ...invocation, env, argument: remedy }) : exit
}

const exitOf = (looks: readonly EventOf<'looked'>[]): number => {
  const is = (...found: string[]) => looks.filter(({ diagnosed }) => found.includes(diagnosed!.found)).length
  if (is('cause', 'sign')) return EXIT.failed
  return looks.length > 0 && is('unknown') === looks.length ? EXIT.precondition : EXIT.done
}

const isRightTarget = async (context: RunContext): Promise<boolean> => {
  try {
    await demandRightTarget(context)
    return true
  } catch (error) {
    if (!(error instanceof Failed) || error.failure.kind !== 'before-unmet') throw error
    for (const { fact, seen, remedy } of error.failure.unmet)
      context.recorder.record({
        ...{ type: 'looked', side: 'diagnosis', fact, holds: false, seen, remedy, ms: 0 },
        diagnosed: {
          id: 'another-environment',
          symptom: 'Something else is touched than the book means',
          cause: `what is called ${context.env.name} here is another environment`,
          found: 'cause',
        },
      })
    return false
  }
}

/** Which remedy is performed now; '' where none is, or there is none that can be. */
const askRemedy = async (looks: readonly EventOf<'looked'>[], { signal }: Invocation): Promise<string> => {
  const found = looks.filter(({ diagnosed }) => diagnosed!.found === 'cause' && diagnosed!.mends)
  if (found.length === 0) return ''
  const choices = found.map(({ diagnosed, remedy }) => ({ name: remedy!, value: diagnosed!.mends! }))
  return askOnTerminal(
    { kind: 'choose', message: 'Mend it now?', choices: [...choices, { name: 'Not now', value: '' }] },
    signal,
  )
}
