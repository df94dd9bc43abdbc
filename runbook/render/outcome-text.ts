import { isOver, NOT_KNOWN, type RunState, type StepState } from '../journal/fold.ts'
import { nextCommands } from '../journal/next-commands.ts'
import { failing, isAmiss, verdictsOf } from '../journal/verdicts.ts'
import { isForwards } from '../model/event.ts'
import type { Ended } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import type { Failure } from '../model/failure.ts'
import type { Person } from '../model/person.ts'
import { quantity } from '../model/quantity.ts'
import { typed } from '../model/shell-word.ts'
import { diagnosedLines, likelihoodOf } from './diagnosed-text.ts'
import type { Paint } from './paint.ts'
import { personText } from './person-text.ts'
import { phaseTable } from './phase-table.ts'
import { probedText } from './probed-text.ts'
import { progress } from './sample-lines.ts'
import { tookText } from './took-text.ts'
import { unchangedText } from './unchanged-text.ts'
import { countText, verdictLines } from './verdict-lines.ts'
import { visible, visibleIn } from './visible.ts'

export interface OutcomeOptions {
  state: RunState
  /** Titles of all steps of the book, in the order of the page. */
  titles: ReadonlyMap<string, string>
  transcript: string
  /** What to type to go on. */
  again: string
  /** The options without which another book, or another folder of transcripts, would be found. */
  found?: readonly string[]
  ms: number
  /** Who is asked when something fails. */
  contacts?: readonly Person[]
  paint: Paint
}

/** The last lines of a run: how it ended, what stands, and the next command to type. */
export const outcomeText = (ended: Ended, options: OutcomeOptions): string => {
  const { paint, transcript, state } = options
  if (!ended.failure)
    return [
      '',
      `${markOf(options)} ${paint.bold(wordOf(ended))} in ${tookOf(options)}${revisionOf(state)}${amissText(options)}`,
      ...phaseTable(state),
      ...metWith(state),
      ...column('left out', leftOut(state)),
      `  transcript  ${transcript}`,
      ...verdictLines(state, paint),
      '',
    ].join('\n')
  const judged = judgedText(ended, options) ?? declinedText(ended, options)
  return [
    '',
    judged ?? failureText(ended.failure, failedTitle(options), paint),
    // What was found then is no more once it was taken back, and what mends it would be typed on what is well.
    ...(ended.verdict === 'rolled-back' ? [] : behindIt(state)),
    ...aftermath(ended, options),
    ...watched(state),
    ...phaseTable(state),
    ...metWith(state),
    ...(state.started ? [`  transcript  ${transcript}`] : []),
    ...verdictLines(state, paint),
    ...column('after it', (ended.afterRollback ?? []).map(visible)),
    ...toType(ended, options),
    ...help(ended, options),
    '',
  ].join('\n')
}

const wordOf = ({ verdict }: Ended): string => (verdict === 'rolled-back' ? 'Rolled back' : 'Done')

const tookOf = ({ state, ms }: OutcomeOptions): string => tookText(state.ended ?? { ms })

/** Green is what was done to its end, and holds. */
const markOf = (options: OutcomeOptions): string =>
  amissText(options) ? options.paint.yellow('!') : options.paint.green('✔')

const amissText = ({ state, titles }: OutcomeOptions): string => {
  const verdicts = verdictsOf(state)
  const unknown = [...state.steps.values()].filter(
    ({ state }) => state.is === 'skipped' && state.why === NOT_KNOWN,
  ).length
  // What only looks leaves out what it has nothing to look at.
  const whole = state.started?.command !== 'verify'
  const open = [...titles.keys()].filter((id) => !isEnded(state.steps.get(id)?.state)).length
  return [
    ...(verdicts.some(isAmiss) ? [`; only ${countText(verdicts)}`] : []),
    ...(leftOut(state).length ? [`; ${quantity(leftOut(state).length, 'step')} left out`] : []),
    ...(unknown ? [`; of ${quantity(unknown, 'step')} nothing can be known now`] : []),
    ...(whole && open ? [`; ${quantity(open, 'step')} not done`] : []),
  ].join('')
}

/** A verification that failed and was judged came to its end too. */
const isEnded = (state: StepState | undefined): boolean => isOver(state) || state?.is === 'failed'

/** What an operator went on without. */
const leftOut = ({ steps }: RunState): string[] =>
  [...steps.values()].flatMap(({ title, state, failed }) =>
    state.is === 'skipped' && failed
      ? [`${visible(title)}: ${visible(explain(failed).sentence.split('\n', 1)[0]!)}`]
      : [],
  )

/** A no, before anything was changed; what was looked at for that stands below. */
const declinedText = ({ verdict, failure }: Ended, { state, paint }: OutcomeOptions): string | undefined => {
  if (verdict !== 'declined' || failure?.kind !== 'declined') return undefined
  const { sentence, remedy } = visibleIn(explain(failure))
  return [
    `${paint.red('✖')} ${paint.bold(`Not confirmed.${unchangedText(state).startsWith('nothing: ') ? ' Nothing was changed.' : ''}`)}`,
    `  ${sentence}`,
    `  ${paint.yellow('→')} ${remedy}`,
  ].join('\n')
}

/** Of a run that got to its end, and left what no longer holds. */
const judgedText = ({ failure }: Ended, { state, paint }: OutcomeOptions): string | undefined => {
  const { command } = state.started ?? {}
  const verdicts = verdictsOf(state)
  const bad = failing(verdicts, command)
  const toItsEnd = [...state.steps.values()].every(
    ({ sort, state }) =>
      isOver(state) || (state.is === 'failed' && sort === 'verifies' && command !== 'deploy'),
  )
  if (failure?.kind !== 'after-unmet' || bad.length === 0 || !toItsEnd) return undefined
  const { revision } = state
  const back = revision ? `The code is back at ${revision.to.slice(0, 7)}` : 'Taken back'
  const what = { rollback: back, restore: 'Restored' }[command as string] ?? 'Performed'
  return [
    `${paint.red('✖')} ${paint.bold(`${what}, but only ${countText(verdicts)}`)}`,
    `  ${paint.yellow('→')} what does not hold is named below; look into it, then ask again: ` +
      typed`runbook verify ${state.started?.env ?? []}`,
  ].join('\n')
}

/** A failure with its remedy; for everything that can fail. */
export const failureText = (failure: Failure, title: string | undefined, paint: Paint): string => {
  const { sentence, remedy, detail } = visibleIn(explain(failure))
  const indent = (text: string, by: string) => text.replace(/\n/g, `\n${by}`)
  return [
    `${paint.red('✖')} ${title ? `${paint.bold(visible(title))}\n  ` : ''}${indent(sentence, '  ')}`,
    ...(detail ? [paint.dim(`    │ ${indent(lastOf(detail), '    │ ')}`)] : []),
    `  ${paint.yellow('→')} ${indent(remedy, '    ')}`,
  ].join('\n')
}

/** What explained it first stands in the sentence; the transcript has all of it. */
const lastOf = (detail: string): string => detail.trimEnd().split('\n').slice(-SHOWN).join('\n')
const SHOWN = 20

/** Of the one that failed; a verification may find several, and names them by their facts. */
const failedTitle = ({ state }: OutcomeOptions): string | undefined => {
  const [first, ...others] = [...state.steps.values()].filter((step) => step.state.is === 'failed')
  return others.length ? undefined : first?.title
}

/** What to type to go on, or to get back; a run that began nothing is started again. */
const toType = ({ failure, verdict }: Ended, options: OutcomeOptions): string[] => {
  const { state, again } = options
  const more = moreOf(options)
  const { goOn, back } = nextCommands(verdict, state)
  const forwards = `${goOn ? `  go on       ${goOn}` : `  again       ${again}`}${more}`
  const isLocked = failure?.kind === 'locked' || failure?.kind === 'frozen'
  return [...(isLocked ? [] : [forwards]), ...(back ? [`  or back     ${back}${more}`] : [])]
}

const moreOf = ({ found = [] }: OutcomeOptions): string => (found.length ? typed` ${found}` : '')

/** Who is asked for help, and what they will want to see. */
const help = ({ verdict }: Ended, options: OutcomeOptions): string[] => {
  const { state, contacts } = options
  if (!state.started || verdict === 'declined' || verdict === 'interrupted') return []
  return [
    ...column(
      'ask',
      (contacts ?? []).map((person) => visible(personText(person))),
    ),
    typed`  for help    runbook bundle ${state.started.run}` + moreOf(options),
  ]
}

const aftermath = ({ verdict }: Ended, options: OutcomeOptions): string[] => {
  const { command } = options.state.started ?? {}
  if (command === 'verify' || command === 'watch') return []
  if (isForwards(command) && verdict === 'rolled-back')
    return ['  taken back  yes: its own transcript, and what it was proven by, are named above']
  if (isForwards(command) && verdict === 'rollback-failed')
    return [
      '  taken back  NOT WELL: the rollback failed, or what verifies does not hold after it; see above',
      ...whatStands(options),
    ]
  return whatStands(options)
}

const whatStands = ({ state, titles }: OutcomeOptions): string[] => {
  const records = [...state.steps.values()]
  const touched = records.filter(
    ({ sort, actions }) => sort !== 'prepares' && sort !== 'verifies' && actions.size > 0,
  )
  const notBegun = [...titles].filter(([id]) => !state.steps.has(id)).map(([, title]) => visible(title))
  if (!touched.length) return column('changed', [visible(unchangedText(state))])
  // A run that goes on has not done anew what its earlier parts did.
  const earlier = state.resumed && !state.changed
  const now = state.compared ? visible(unchangedText(state)) : 'nothing now: no effect was begun'
  return [
    ...(earlier ? column('changed', [now]) : []),
    ...column(
      earlier ? 'earlier' : 'changed',
      touched.map(({ title, state: step }) => `${visible(title)}${howFar(step)}`),
    ),
    ...column('not begun', notBegun.length > 3 ? [notBegun.join(', ')] : notBegun),
  ]
}

/** What was found behind the failure, and what to type for it. */
const behindIt = ({ diagnosed }: RunState): string[] =>
  diagnosed.flatMap((looked) => column(likelihoodOf(looked), diagnosedLines(looked).map(visible)))

/** What a watch that was not well to its end had seen until then. */
const watched = ({ steps }: RunState): string[] =>
  column(
    'seen',
    [...steps.values()].flatMap(({ sampled, state }) =>
      sampled && state.is === 'failed' ? [`${progress(sampled.figures)}: ${visible(sampled.seen)}`] : [],
    ),
  )

/** What users met with meanwhile, a line each. */
const metWith = ({ probed }: RunState): string[] =>
  column(
    'meanwhile',
    probed.map((each) => visible(probedText(each))),
  )

const column = (name: string, lines: readonly string[]): string[] =>
  lines.map((line, i) => `  ${(i === 0 ? name : '').padEnd(10)}  ${line}`)

const howFar = (step: StepState): string => {
  if (step.is === 'done') return step.summary && ` · ${visible(step.summary)}`
  return ' (not to its end: see the transcript)'
}

const revisionOf = ({ revision }: RunState): string =>
  revision && revision.from !== revision.to
    ? `, ${revision.from.slice(0, 7)} → ${revision.to.slice(0, 7)}`
    : ''
