import { givenByStep, givenToAll, missedText } from '../engine/given-to-children.ts'
import { lastRunLines } from '../engine/last-run.ts'
import { HOW_TO_SAY_SO, undeclaredIn } from '../engine/migrations-of.ts'
import { migrationsOf } from '../engine/perform-ahead.ts'
import { needsOf, preflight, together } from '../engine/preflight.ts'
import type { RunContext } from '../engine/run-context.ts'
import { Failed } from '../model/failure.ts'
import { quantity } from '../model/quantity.ts'
import type { Arrangement } from '../plan/plan.ts'
import { visible } from '../render/visible.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'

/** The pre-deployment checklist; changes nothing. */
export const doctor = (invocation: Invocation): Promise<number> =>
  lookCommand(invocation, async ({ arrangement }, context) => {
    const { paint, say } = invocation
    say(`${paint.bold(`Checklist: ${arrangement.book.name} to ${arrangement.env.name}`)}\n`)
    const leave = context.recorder.onEvent((event) => {
      if (event.type !== 'looked') return
      const mark = event.holds ? paint.green('✔') : paint.red('✖')
      say(`  ${mark} ${visible(event.fact)} · ${visible(event.seen)}\n`)
    })
    const [last, ...since] = await lastRunLines(context)
    say(`  last run: ${visible(last!)}\n`)
    for (const line of since) say(paint.yellow(`  ! ${visible(line)}\n`))
    context.migrations = migrationsOf(arrangement)
    const missing = await preflight(arrangement, context)
    say(visible(variablesText(arrangement, context, invocation)))
    if (missing.length) throw new Failed(together(missing))
    say(`\n${paint.green('✔')} all ${needsOf(arrangement).length} hold\n`)
    leave()
    for (const { step, programs } of await undeclaredIn(arrangement, context)) {
      const seen = `it runs ${programs.join(' and ')}`
      say(
        `\n${paint.yellow('⚠')} the step "${visible(step.title)}" (${step.id}) changes the database, and does not say so: ${visible(seen)}\n  fix: ${HOW_TO_SAY_SO}\n`,
      )
      context.recorder.record({
        ...{ type: 'looked', side: 'needs', step: step.id, holds: false, ms: 0 },
        ...{ fact: 'a step that changes the database says so', seen, remedy: HOW_TO_SAY_SO },
      })
    }
  })

/** What children get, by name only; of each step where that is asked for, and always where it is too little. */
const variablesText = (
  { env, steps }: Arrangement,
  { doors, paths }: RunContext,
  { options }: Invocation,
): string => {
  const { shell, book } = givenToAll({ env, doors })
  const listed = (names: readonly string[]) => names.join(', ') || 'nothing'
  const lines = [
    `  variables  each command gets ${quantity(shell.length, 'variable')} of this shell, and of the book ${listed(book)}`,
    ...(options.verbose ? [`             of this shell: ${listed(shell)}`] : []),
  ]
  for (const step of steps) {
    const given = givenByStep(step, { env, doors }, paths)
    if (options.verbose)
      lines.push(
        `             ${step.id}: ${given ? listed(given.names) : 'what its plan prints before its commands'}`,
      )
    for (const name of given?.missed ?? []) lines.push(`  ! ${step.id}: ${missedText(name)}`)
  }
  return `${lines.join('\n')}\n`
}
