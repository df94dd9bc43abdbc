import type { PlannedStep } from '../model/planned-step.ts'
import type { Plan } from '../plan/plan.ts'
import { duration } from './duration.ts'
import type { Paint } from './paint.ts'
import { visibleIn } from './visible.ts'

/** A plan as a page: what would be done, word for word, and what can be taken back. */
export const planText = (plan: Plan, { book, runs, paint }: PlanTextOptions): string => {
  const { env, revision, steps } = visibleIn(plan)
  const lines = [paint.bold(`Plan: ${book} to ${env.name}${env.protected ? ' (protected)' : ''}`)]
  lines.push(
    `  where     ${env.host === 'local' ? 'this machine' : env.host}, ${env.app.dir}, branch ${env.app.branch}`,
  )
  if (revision) lines.push(`  revision  ${revisionText(revision)}`)
  lines.push(`  usually   ${expectation(steps, runs)}`)
  let phase = ''
  for (const [i, step] of steps.entries()) {
    if (step.phase !== phase) lines.push('', paint.bold(step.phase))
    phase = step.phase
    lines.push(...stepPage(step, i + 1, paint))
  }
  return `${lines.join('\n')}\n`
}

export interface PlanTextOptions {
  book: string
  /** The runs that the durations come from. */
  runs: readonly string[]
  paint: Paint
}

const stepPage = (step: PlannedStep, number: number, paint: Paint): string[] => [
  `  ${String(number).padStart(2)}. ${step.title}${step.parallel ? paint.dim('  (beside others)') : ''}${
    step.usually ? paint.dim(`  usually ${duration(step.usually)}`) : ''
  }`,
  ...stateLine(step, paint),
  ...step.actions.map(({ printed }) => `      ${paint.cyan('$')} ${printed.replaceAll('\n', '\n        ')}`),
  ...(step.after.length ? [paint.dim(`      proof  ${step.after.join('; ')}`)] : []),
  ...(step.undo ? [paint.dim(`      back   ${step.undo.replaceAll('\n', '\n             ')}`)] : []),
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
export const planSummary = (plan: Plan, { book, runs, paint }: PlanTextOptions): string => {
  const { env, revision, steps } = visibleIn(plan)
  const done = steps.filter(({ expects }) => expects === 'done')
  return [
    paint.bold(`${book} to ${env.name}${env.protected ? ' (protected)' : ''}`),
    ...(revision ? [`  revision  ${revisionText(revision)}`] : []),
    `  steps     ${steps.length}${done.length ? `, of which ${done.length} already done: ${done.map(({ title }) => title).join(', ')}` : ''}`,
    `  usually   ${expectation(steps, runs)}`,
    '',
  ].join('\n')
}

const revisionText = ({ from, to }: { from: string; to: string }): string =>
  from === to ? `${from.slice(0, 7)}, nothing new` : `${from.slice(0, 7)} → ${to.slice(0, 7)}`

const expectation = (steps: readonly PlannedStep[], runs: readonly string[]): string => {
  const known = steps.filter(({ usually }) => usually !== undefined)
  if (!known.length) return 'not known: no earlier run of this environment'
  const total = known.reduce((sum, { usually }) => sum + usually!, 0)
  return `${duration(total)}, the median of ${runs.length === 1 ? 'one run' : `${runs.length} runs`}${
    known.length < steps.length ? `; ${steps.length - known.length} steps have no earlier run` : ''
  }`
}
