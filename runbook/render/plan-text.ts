import type { Danger } from '../model/danger.ts'
import { duration } from '../model/duration.ts'
import type { PlannedStep } from '../model/planned-step.ts'
import { typed } from '../model/shell-word.ts'
import { lossText } from '../model/undo.ts'
import type { Plan } from '../plan/plan.ts'
import { limitsText, span } from './limits-text.ts'
import type { Paint } from './paint.ts'
import { visibleIn } from './visible.ts'

/** A plan as a page: what would be done, word for word, and what can be taken back. */
export const planText = (plan: Plan, { title, runs, paint }: PlanTextOptions): string => {
  const shown = visibleIn(plan)
  const { env, revision, steps } = shown
  const lines = [paint.bold(`${title}${env.protected ? ' (protected)' : ''}`)]
  lines.push(
    `  where     ${env.host === 'local' ? 'this machine' : env.host}, ${env.app.dir}, ${whichCode(env)}`,
  )
  if (revision) lines.push(`  revision  ${revisionText(revision)}`)
  lines.push(...lastRun(shown, paint), ...ofShell(shown, paint))
  lines.push(`  usually   ${expectation(shown, runs)}`)
  let phase = ''
  for (const [i, step] of steps.entries()) {
    if (step.phase !== phase)
      lines.push('', `${paint.bold(step.phase)}${paint.dim(phaseTimes(step.phase, shown))}`)
    phase = step.phase
    lines.push(...stepPage(step, i + 1, paint))
  }
  return `${lines.join('\n')}\n`
}

/** Who changed the environment last; what has changed since catches the eye. */
const lastRun = ({ last = [] }: Plan, paint: Paint): string[] =>
  last.map((line, i) => (i === 0 ? `  last run  ${line}` : paint.yellow(`            ${line}`)))

/** A shell may still have them of another environment. */
const ofShell = ({ ofShell }: Plan, paint: Paint): string[] =>
  ofShell === undefined ? [] : [paint.yellow(`  secrets   ${ofShell}`)]

export interface PlanTextOptions {
  /** 'Plan: shop to production'. */
  title: string
  /** The runs that the durations come from. */
  runs: readonly string[]
  /** What shows the whole plan. */
  whole?: string
  paint: Paint
}

/** '  (estimated 2 min, usually 41.2 s)'. */
const phaseTimes = (title: string, { phases }: Plan): string => {
  const { takes, usually } = phases.find((one) => one.title === title) ?? {}
  const parts = [
    ...(takes === undefined ? [] : [`estimated ${span(takes)}`]),
    ...(usually === undefined ? [] : [`usually ${duration(usually)}`]),
  ]
  return parts.length ? `  (${parts.join(', ')})` : ''
}

const stepPage = (step: PlannedStep, number: number, paint: Paint): string[] => [
  `  ${String(number).padStart(2)}. ${step.title}${step.parallel ? paint.dim('  (beside others)') : ''}${
    step.usually ? paint.dim(`  usually ${duration(step.usually)}`) : ''
  }`,
  ...stateLine(step, paint),
  ...step.findings.map((finding) => `      ${finding}`),
  ...(step.dangers ?? []).flatMap((danger) => dangerLines(danger, paint)),
  ...step.actions.map(
    ({ printed, limits }) =>
      `      ${paint.cyan('$')} ${printed.replaceAll('\n', '\n        ')}${paint.dim(limitsText(limits))}`,
  ),
  ...step.loses.map((loss) => paint.red(`      loses  ${lossText(loss)}`)),
  ...(step.after.length ? [paint.dim(`      proof  ${step.after.join('; ')}`)] : []),
  ...(step.undo ? [paint.dim(`      back   ${step.undo.replaceAll('\n', '\n             ')}`)] : []),
]

const dangerLines = ({ what, because, instead }: Danger, paint: Paint): string[] => [
  paint.yellow(`      ⚠ ${what}`),
  `        ${because}`,
  `        safely: ${instead}`,
]

const stateLine = ({ expects, seen }: PlannedStep, paint: Paint): string[] => {
  if (expects === 'done') return [paint.green(`      already done: ${seen}; will be skipped if it still is`)]
  return expects === 'later'
    ? [paint.yellow(`      known when its turn comes: ${seen}`)]
    : seen
      ? [`      ${seen}`]
      : []
}

/** The few lines that stand before the question. */
export const planSummary = (plan: Plan, { title, runs, whole, paint }: PlanTextOptions): string => {
  const shown = visibleIn(plan)
  const { env, revision, steps } = shown
  const done = steps.filter(({ expects }) => expects === 'done')
  return [
    paint.bold(`${title}${env.protected ? ' (protected)' : ''}`),
    ...(revision ? [`  revision  ${revisionText(revision)}`] : []),
    ...lastRun(shown, paint),
    ...ofShell(shown, paint),
    `  steps     ${steps.length}${done.length ? `, of which ${done.length} already done: ${done.map(({ title }) => title).join(', ')}` : ''}`,
    `  usually   ${expectation(shown, runs)}`,
    ...dangerSummary(shown, whole ?? typed`runbook plan ${env.name}`, paint),
    '',
  ].join('\n')
}

/** Before the question stands what is dangerous, and whom it hurts; a plan has the safe way too. */
const dangerSummary = ({ steps }: Plan, whole: string, paint: Paint): string[] => {
  const inSteps = steps.flatMap(({ title, dangers }) => (dangers ? [{ title, dangers }] : []))
  if (inSteps.length === 0) return []
  const shown = inSteps.flatMap(({ title, dangers }) => [
    `    ${title}`,
    ...dangers
      .slice(0, MOST)
      .flatMap(({ what, because }) => [paint.yellow(`      ⚠ ${what}`), `        ${because}`]),
    ...(dangers.length > MOST ? [`      … and ${dangers.length - MOST} more`] : []),
  ])
  const count = inSteps.reduce((sum, { dangers }) => sum + dangers.length, 0)
  return [`  dangers   ${count}; the safe way to write ${count > 1 ? 'each' : 'it'}: ${whole}`, ...shown]
}
/** Of each step. */
const MOST = 5

/** What of the repository is deployed. */
const whichCode = ({ app }: Plan['env']): string =>
  app.revision === undefined ? `branch ${app.branch}` : `revision ${app.revision}`

const revisionText = ({ from, to }: { from: string; to: string }): string =>
  from === to ? `${from.slice(0, 7)}, nothing new` : `${from.slice(0, 7)} → ${to.slice(0, 7)}`

const expectation = ({ steps, phases, usually }: Plan, runs: readonly string[]): string => {
  const estimated = phases.reduce((sum, { takes = 0 }) => sum + takes, 0)
  if (usually === undefined)
    return `not known: it has not been done here before${estimated ? `; the book estimates ${span(estimated)}` : ''}`
  const unknown = steps.filter((step) => step.usually === undefined).length
  const from = runs.length === 1 ? 'as in the run before' : `the median of ${runs.length} runs`
  return `${duration(usually)}, ${from}${unknown ? `; ${unknown} of the steps not counted` : ''}`
}
