import { machineName, operatorName, whoRuns } from '../doors/process-identity.ts'
import { askOnTerminal } from '../doors/prompt.ts'
import { freezeOf, frozenBy, thaw } from '../engine/freeze.ts'
import { isAlive } from '../engine/ledger-keeper.ts'
import { clearLock, locksOf } from '../engine/lock.ts'
import type { RunContext } from '../engine/run-context.ts'
import type { Happening } from '../model/event.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { isOpen, type RunHolder } from '../model/ledger.ts'
import { typed } from '../model/shell-word.ts'
import { visible } from '../render/visible.ts'
import { chosenRun } from './chosen-run.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import type { OpenBook } from './open-book.ts'
import { recordedAct } from './recorded-act.ts'

/** Takes away what `runbook lock` has put there; with `--run`, what a run has left whose process or machine is gone. */
export const unlock = (invocation: Invocation): Promise<number> =>
  lookCommand(invocation, async (open, context) => {
    if (invocation.options.run !== undefined)
      return clearRun(invocation.options.run, open, context, invocation)
    const { arrangement, stateDir } = open
    const { book, env } = arrangement
    const { say, variables } = invocation
    const kept = { book: book.name, stateDir }
    const there = await freezeOf(kept, context)
    if (!there) {
      say(`${env.name} is not locked on purpose; the lock of a run goes with that run.\n`)
      return
    }
    const whose = visible(explain(frozenBy(env.name, there)).sentence)
    const by = operatorName(variables)
    const answered = there.operator === by ? [] : await mayUnlock(`${whose}. Unlock it?`, invocation)
    const found = [foundHere('no lock on purpose is there', whose), ...answered]
    await recordedAct({ command: 'unlock', found }, open, invocation, (recorded) => thaw(kept, recorded))
    say(`${env.name} is unlocked. It was: ${whose}\n`)
  })

/** Refuses where the run is seen to go on; shows what it has left, and asks. */
const clearRun = async (
  name: string,
  opened: OpenBook,
  context: RunContext,
  invocation: Invocation,
): Promise<void> => {
  const { arrangement, stateDir } = opened
  const { book, env } = arrangement
  const { say, variables } = invocation
  const machine = machineName()
  const where = { env: env.name, stateDir, machine }
  const locks = await locksOf(book.name, where, context)
  const history = await context.ledger.history()
  const known = [...history.map(({ id }) => id), ...(locks.file ? [locks.file.run] : [])]
  const run = chosenRun(name, [...new Set(known)])
  const ledger = history.find(({ id }) => id === run)?.ledger
  const open = ledger && isOpen(ledger) ? ledger : undefined
  const file = locks.file?.run === run ? locks.file : undefined
  const { database: held } = locks
  // Whose session it is another role may not see: then it may be this run's.
  const byDatabase = held !== undefined && (held.holder?.run ?? run) === run
  if (byDatabase || (open && isAlive(open, machine)) || (file && isAlive({ holder: file }, machine)))
    throw goesOn(run, env.name, byDatabase ? held.holder : (open?.holder ?? file), byDatabase)
  const left = [
    ...(file ? [`  lock file   in ${stateDir}, since ${file.since}, by ${whose(file)}`] : []),
    ...(open ? [`  ledger      without its end, since ${open.holder.since}, by ${whose(open.holder)}`] : []),
  ]
  const database = held?.holder
    ? `the lock on the database is held by another run, ${held.holder.run}`
    : env.database
      ? 'nobody holds its lock on the database'
      : 'there is no database that could tell'
  if (left.length === 0) {
    const ended = ledger?.closed
      ? `it ended: ${ledger.closed.verdict}`
      : 'the ledger does not have it as going on'
    say(`Nothing of ${run} is left: no lock file here, ${database}, and ${ended}.\n`)
    return
  }
  say(visible([`${run} has left in ${env.name}:`, ...left, `  and ${database}`, ''].join('\n')))
  const question = `Is it known that nobody performs ${run} any more? Clear what it has left?`
  const answered = await mayUnlock(question, invocation)
  const found = [
    foundHere(`${run} has left nothing`, visible(left.map((one) => one.trim()).join('; '))),
    ...answered,
  ]
  await recordedAct({ command: 'unlock', found }, opened, invocation, async ({ doors }) => {
    if (file) clearLock(where, run)
    const at = doors.clock.now().toISOString()
    if (open) await context.ledger.append({ line: 'released', run, at, ...whoRuns(variables) })
  })
  say(
    typed`Cleared. Where its transcript is: runbook resume ${run}. Its code back, from anywhere: runbook rollback ${env.name}\n`,
  )
}

const whose = ({ operator, machine, pid }: RunHolder): string => `${operator} on ${machine}, pid ${pid}`

const goesOn = (
  run: string,
  env: string,
  holder: (RunHolder & { since: string }) | undefined,
  byDatabase: boolean,
): Failed =>
  new Failed({
    kind: 'locked',
    ...{ env, run, holder: holder ? whose(holder) : 'a session whose run this role may not see' },
    since: holder?.since ?? 'unknown',
    at: byDatabase ? 'it holds its lock on the database' : 'its process runs',
  })

/** For the transcript. */
const foundHere = (fact: string, seen: string): Happening => ({
  type: 'looked',
  ...{ side: 'needs', fact, holds: false, seen, ms: 0 },
})

/** Gives what was asked and answered. */
const mayUnlock = async (
  question: string,
  { options, canAsk, signal, variables }: Invocation,
): Promise<Happening[]> => {
  const answered = (by: 'operator' | 'flag'): Happening[] => [
    { type: 'asked', question },
    { type: 'answered', question, answer: 'yes', by, who: operatorName(variables) },
  ]
  if (options.yes) return answered('flag')
  if (!canAsk) throw new Failed({ kind: 'answer-needed', question, flag: '--yes' })
  const answer = await askOnTerminal({ kind: 'confirm', message: question, default: false }, signal)
  if (answer !== 'yes') throw new Failed({ kind: 'declined', question })
  return answered('operator')
}
