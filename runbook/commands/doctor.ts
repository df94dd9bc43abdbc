import { lastRunLines } from '../engine/last-run.ts'
import { HOW_TO_SAY_SO, undeclaredIn } from '../engine/migrations-of.ts'
import { needsOf, preflight, together } from '../engine/preflight.ts'
import { Failed } from '../model/failure.ts'
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
    const missing = await preflight(arrangement, context)
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
