import type { PastRun } from '../journal/past-runs.ts'
import type { Sort } from '../model/step.ts'
import { lossText } from '../model/undo.ts'
import type { Plan } from '../plan/plan.ts'
import type { Paint } from './paint.ts'
import { tookText } from './took-text.ts'
import { visible } from './visible.ts'

/** What a rollback takes back, and what it leaves: the lines above its plan. */
export const rollbackText = (
  { run: { id, state }, elsewhere, unseen }: { run: PastRun; elsewhere?: string; unseen: readonly string[] },
  plan: Plan,
  { stays, database, paint }: RollbackTextOptions,
): string => {
  const { started, ended } = state
  const how = ended ? `${ended.verdict} after ${tookText(ended)}` : 'not ended'
  return [
    `  takes back  ${id}: ${visible(started?.operator ?? '?')} on ${visible(started?.machine ?? '?')}, ${how}`,
    ...(elsewhere
      ? [paint.yellow(`  from        the environment’s ledger; its transcript is with ${visible(elsewhere)}`)]
      : []),
    ...unseen.map((one) => paint.yellow(`  not known   ${visible(one)}`)),
    ...list('undoes', plan, 'state'),
    ...list('does again', plan, 'follows'),
    ...list('verifies', plan, 'verifies'),
    ...lossLines(plan, paint),
    ...uncountedLines(plan, paint),
    ...(database && !plan.steps.some(({ loses, uncounted }) => loses.length || uncounted)
      ? ['  loses       nothing']
      : []),
    ...stays.map(({ title, because }) =>
      paint.yellow(`  stays       ${visible(title)}: ${visible(because)}`),
    ),
    '',
  ].join('\n')
}

export interface RollbackTextOptions {
  stays: readonly { title: string; because: string }[]
  /** The database goes back too. */
  database: boolean
  paint: Paint
}

/** What will be lost, a line each. */
export const lossLines = ({ steps }: Plan, paint: Paint): string[] =>
  steps.flatMap(({ loses }) => loses.map((loss) => paint.red(`  loses       ${visible(lossText(loss))}`)))

const uncountedLines = ({ steps }: Plan, paint: Paint): string[] =>
  steps.flatMap(({ title, uncounted, expects }) =>
    uncounted && expects !== 'done'
      ? [paint.red(`  loses       not known: nothing counts what "${visible(title)}" takes away`)]
      : [],
  )

const list = (what: string, { steps }: Plan, sort: Sort): string[] => {
  const titles = steps.filter((step) => step.sort === sort).map(({ title }) => visible(title))
  return titles.length ? [`  ${what.padEnd(10)}  ${titles.join(', ')}`] : []
}
