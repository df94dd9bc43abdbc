import type { RunState, StepState } from '../journal/fold.ts'
import { nextCommands } from '../journal/next-commands.ts'
import { duration } from '../model/duration.ts'
import { isForwards } from '../model/event.ts'
import type { Ended } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import type { Failure } from '../model/failure.ts'
import type { Person } from '../model/person.ts'
import { diagnosedLines, likelihoodOf } from './diagnosed-text.ts'
import type { Paint } from './paint.ts'
import { personText } from './person-text.ts'
import { phaseTable } from './phase-table.ts'
import { probedText } from './probed-text.ts'
import { progress } from './sample-lines.ts'
import { unchangedText } from './unchanged-text.ts'
import { visible, visibleIn } from './visible.ts'

export interface OutcomeOptions {
  state: RunState
  /** Titles of all steps of the book, in the order of the page. */
  titles: ReadonlyMap<string, string>
  transcript: string
  /** What to type to go on. */
  again: string
  ms: number
  /** Who is asked when something fails. */
  contacts?: readonly Person[]
  paint: Paint
}

/** The last lines of a run: how it ended, what stands, and the next command to type. */
export const outcomeText = (ended: Ended, options: OutcomeOptions): string => {
  const { paint, transcript, ms, state } = options
  if (!ended.failure)
    return [
      '',
      `${paint.green('✔')} ${paint.bold(ended.verdict === 'rolled-back' ? 'Rolled back' : 'Done')} in ${duration(ms)}${revisionOf(state)}`,
      ...phaseTable(state),
      ...metWith(state),
      `  transcript  ${transcript}`,
      '',
    ].join('\n')
  return [
    '',
    failureText(ended.failure, failedTitle(options), paint),
    ...behindIt(state),
    ...aftermath(ended, options),
    ...watched(state),
    ...phaseTable(state),
    ...metWith(state),
    ...(state.started ? [`  transcript  ${transcript}`] : []),
    ...toType(ended, options),
    ...help(ended, options),
    '',
  ].join('\n')
}

/** A failure with its remedy; for everything that can fail. */
export const failureText = (failure: Failure, title: string | undefined, paint: Paint): string => {
  const { sentence, remedy, detail } = visibleIn(explain(failure))
  const indent = (text: string, by: string) => text.replace(/\n/g, `\n${by}`)
  return [
    `${paint.red('✖')} ${title ? `${paint.bold(visible(title))}\n  ` : ''}${indent(sentence, '  ')}`,
    ...(detail ? [paint.dim(`    │ ${indent(detail.trimEnd(), '    │ ')}`)] : []),
    `  ${paint.yellow('→')} ${indent(remedy, '    ')}`,
  ].join('\n')
}

/** Of the one that failed; a verification may find several, and names them by their facts. */
const failedTitle = ({ state }: OutcomeOptions): string | undefined => {
  const [first, ...others] = [...state.steps.values()].filter((step) => step.state.is === 'failed')
  return others.length ? undefined : first?.title
}

/** What to type to go on, or to get back; a run that began nothing is started again. */
const toType = ({ failure, verdict }: Ended, { state, again }: OutcomeOptions): string[] => {
  const { goOn, back } = nextCommands(verdict, state)
  const forwards = goOn ? `  go on       ${goOn}` : `  again       ${again}`
  const isLocked = failure?.kind === 'locked' || failure?.kind === 'frozen'
  return [...(isLocked ? [] : [forwards]), ...(back ? [`  or back     ${back}`] : [])]
}

/** Who is asked for help, and what they will want to see. */
const help = ({ verdict }: Ended, { state, contacts }: OutcomeOptions): string[] => {
  if (!state.started || verdict === 'declined' || verdict === 'interrupted') return []
  return [
    ...column(
      'ask',
      (contacts ?? []).map((person) => visible(personText(person))),
    ),
    `  for help    runbook bundle ${state.started.run}`,
  ]
}

const aftermath = ({ verdict }: Ended, options: OutcomeOptions): string[] => {
  const { command } = options.state.started ?? {}
  if (command === 'verify' || command === 'watch') return []
  if (isForwards(command) && verdict === 'rolled-back')
    return ['  taken back  yes: the previous revision answers; its own transcript is named above']
  if (isForwards(command) && verdict === 'rollback-failed')
    return ['  taken back  NO: the rollback failed, see above', ...whatStands(options)]
  return whatStands(options)
}

const whatStands = ({ state, titles }: OutcomeOptions): string[] => {
  const records = [...state.steps.values()]
  const touched = records.filter(
    ({ sort, actions }) => sort !== 'prepares' && sort !== 'verifies' && actions.size > 0,
  )
  const notBegun = [...titles].filter(([id]) => !state.steps.has(id)).map(([, title]) => visible(title))
  if (!touched.length) return column('changed', [visible(unchangedText(state))])
  return [
    ...column(
      'changed',
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
