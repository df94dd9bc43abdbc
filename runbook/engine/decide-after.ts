import { begunStates } from '../journal/fold.ts'
import { isForwards } from '../model/event.ts'
import type { Failure } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import { askChoice, askText } from './ask.ts'
import { callKnown, pastIn } from './call-known.ts'
import { lookInto } from './diagnose.ts'
import type { OtherWay } from './other-way.ts'
import { rightNow } from './right-now.ts'
import type { RunContext } from './run-context.ts'

/** What an operator may decide when a step has failed. */
export type Decision = 'retry' | 'known' | 'skip' | 'other-way' | 'rollback' | 'stop'

/** Nothing can be asked or done any more; beside another run, nothing may be taken back either. */
const ENDS_THE_RUN: readonly Failure['kind'][] = ['interrupted', 'journal-failed', 'book-broke', 'lock-lost']

/**
 * Asks what to do after a failure: try the step again, leave out what its author marked as optional, take everything
 * back, or stop and leave it as it is, with a reason. Where the book has another way, and this one has changed nothing,
 * that is offered. Without somebody to ask, `--other-way` and `--on-failure` decide. What may be behind the failure is
 * looked at first: whoever decides should know, and after a rollback it can no longer be seen.
 */
export const decideAfter = async (
  step: Step,
  failure: Failure,
  context: RunContext,
  other?: OtherWay,
): Promise<Decision> => {
  const { answers, recorder, state } = context
  if (ENDS_THE_RUN.includes(failure.kind)) return 'stop'
  // What it found does not change by trying again, and nothing is there to take back.
  if (step.role === 'rehearsal') return 'stop'
  await lookInto([{ step, failure }], context)
  const open = other && (await other.isOpen(failure)) ? other : undefined
  if (open && answers.otherWay) {
    await askText(`"${step.title}" failed. Go the other way: ${open.title}?`, 'yes', context)
    return 'other-way'
  }
  const told = answers.onFailure === 'rollback' && !state.changed ? 'stop' : answers.onFailure
  const decision = told ?? (answers.canAsk ? await ask(step, failure, context, open) : 'stop')
  const past = decision === 'known' ? pastIn(failure) : undefined
  if (past) {
    await callKnown(past, context)
    return 'retry'
  }
  if (decision === 'rollback') context.takeBack = true
  if (decision === 'stop' && answers.canAsk && !answers.onFailure && state.changed)
    await askText('Why is it left as it is? (for the transcript)', undefined, context)
  if (decision === 'skip')
    recorder.record({
      type: 'step-skipped',
      step: step.id,
      why: 'left out by the operator',
      seen: '',
      output: null,
      ms: 0,
    })
  return decision
}

const ask = async (
  step: Step,
  failure: Failure,
  context: RunContext,
  open: OtherWay | undefined,
): Promise<Decision> => {
  const choices: { name: string; value: Decision }[] = [
    { name: 'Try this step again', value: 'retry' },
    ...(pastIn(failure)
      ? [{ name: 'It is past and known: go on, and keep that in the transcript', value: 'known' as const }]
      : []),
    ...(open ? [{ name: `Go the other way: ${open.title}`, value: 'other-way' as const }] : []),
    ...(step.optional ? [{ name: 'Go on without it', value: 'skip' as const }] : []),
    ...(canTakeBack(context)
      ? [{ name: 'Roll back what this run changed', value: 'rollback' as const }]
      : []),
    { name: 'Stop, and leave it as it is', value: 'stop' },
  ]
  const about = [...(await rightNow(context)), ...meaningsOf(step, choices, context)]
  return (await askChoice(
    `"${step.title}" failed. What now?`,
    choices,
    undefined,
    context,
    about,
  )) as Decision
}

/** What each answer would do, a line each. */
const meaningsOf = (
  step: Step,
  choices: readonly { value: Decision }[],
  { state, env }: RunContext,
): string[] => {
  const offered = (decision: Decision) => choices.some(({ value }) => value === decision)
  const revision = state.revision && {
    from: state.revision.from.slice(0, 7),
    to: state.revision.to.slice(0, 7),
  }
  const begun = begunStates(state)
  const takenBack = begun.filter(({ undo }) => undo?.kind === 'reverse' && undo.of === 'code')
  const stays = begun.filter((record) => !takenBack.includes(record)).map(({ title }) => `“${title}”`)
  const code =
    revision && revision.from !== revision.to ? `the code goes back to ${revision.from}` : undefined
  const others = takenBack
    .filter(({ revision }) => !revision || !code)
    .map(({ title }) => `“${title}” is undone`)
  const back = [...(code && takenBack.some(({ revision }) => revision) ? [code] : []), ...others]
  return [
    `try again: ${step.sort === 'verifies' ? 'it is asked once more' : 'what is missing of it is performed'}`,
    ...(offered('rollback')
      ? [
          `roll back: ${back.join(', ') || 'nothing can be undone by itself'}${stays.length ? `; what ${listed(stays)} did stays` : ''}${env.database ? '; the database stays as it is now' : ''}`,
        ]
      : []),
    `stop: nothing more is done${revision ? `; the code stays at ${revision.to}` : ''}`,
  ]
}

const listed = (titles: readonly string[]): string =>
  titles.length < 2 ? titles.join('') : `${titles.slice(0, -1).join(', ')} and ${titles.at(-1)}`

/** Whether something was begun that has a way back. */
const canTakeBack = ({ state }: RunContext): boolean =>
  isForwards(state.started?.command) && begunStates(state).length > 0
