import {
  type Given,
  givenByStep,
  givenToAll,
  keptBackTexts,
  missedText,
  missedVariables,
} from '../engine/given-to-children.ts'
import { lastRunLines } from '../engine/last-run.ts'
import { makeGuide } from '../engine/make-guide.ts'
import { HOW_TO_SAY_SO, undeclaredIn } from '../engine/migrations-of.ts'
import { migrationsOf } from '../engine/perform-ahead.ts'
import { needsOf, preflight, together } from '../engine/preflight.ts'
import type { RunContext } from '../engine/run-context.ts'
import { ofShellText, secretsByOrigin } from '../engine/secrets-of-shell.ts'
import { shortSecrets } from '../engine/short-secrets.ts'
import { keptOfSession } from '../model/child-variables.ts'
import { type Environment, isElsewhere, placeOf } from '../model/environment.ts'
import { Failed } from '../model/failure.ts'
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
    // A host that cannot be reached would be waited for once a step.
    const blind = missing.length && isElsewhere(arrangement.env) ? 'the checklist does not hold' : undefined
    say(visible(await variablesText(arrangement, context, blind)))
    const { file, shell } = secretsByOrigin(context)
    if (file.length) say(`  secrets    of .env.${context.env.name} ${visible(file.join(', '))}\n`)
    const ofShell = ofShellText(context)
    if (shell.length) say(paint.yellow(`  secrets    ${visible(ofShell!)}\n`))
    const { openTo } = context.doors.secrets
    if (openTo) say(paint.yellow(`  ! ${visible(openTo.what)}: ${visible(openTo.remedy)}\n`))
    if (missing.length) throw new Failed(together(missing))
    say(`\n${paint.green('✔')} all ${needsOf(arrangement).length} hold\n`)
    leave()
    const short = shortSecrets(context)
    if (short) say(`\n${paint.yellow('⚠')} ${short}\n`)
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

/**
 * What children get, by name only: what all get, and of each step what its own commands get beside it, or instead. Each step is
 * looked at as for the guide; `blind`: why that cannot be done now.
 */
const variablesText = async (
  arrangement: Arrangement,
  context: RunContext,
  blind: string | undefined,
): Promise<string> => {
  const { env, steps } = arrangement
  const { doors } = context
  const { steps: pages } = await makeGuide(arrangement, context, {
    usually: new Map(),
    ...(blind !== undefined && { blind }),
  })
  const all = givenToAll({ env, doors })
  const lines = [
    `each command gets, by name, ${isElsewhere(env) ? `what its session on ${env.host} has` : `of this shell ${listed(all.shell)}`}; of the book ${listed(all.book)}`,
    ...keptBackTexts({ env, doors }).map((text) => `! ${text}`),
  ]
  for (const [i, step] of steps.entries()) {
    const { actions, why } = pages[i]!
    const at = { env: placeOf(step, env), doors }
    lines.push(
      `${step.id}: ${actions ? givenText(givenByStep(actions, at), at.env) : `not known, because ${why}`}`,
    )
    const missed = (actions ?? []).flatMap((planned) => missedVariables(planned, at))
    for (const name of new Set(missed)) lines.push(`! ${step.id}: ${missedText(name)}`)
  }
  return lines.map((line, i) => `  ${i ? '         ' : 'variables'}  ${line}\n`).join('')
}

const listed = (names: readonly string[]): string => names.join(', ') || 'nothing'

const givenText = (given: Given | undefined, env: Environment): string => {
  if (!given) return 'has no command'
  const { shell, book, own, lasting } = given
  if (!lasting) return own.length ? `also ${own.join(', ')}` : 'nothing else'
  const session = isElsewhere(env) ? keptOfSession : shell
  return `starts what lives on, and gets only ${listed([...new Set([...session, ...book, ...own])])}`
}
