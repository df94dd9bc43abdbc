import { reads, selects } from '../model/action.ts'
import { type Check, defineCheck, fails, holds } from '../model/check.ts'
import { type Environment, isElsewhere, placeOf } from '../model/environment.ts'
import { explain } from '../model/explain.ts'
import { Failed, type Failure, type Unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { type Way, waysOf } from '../model/ways.ts'
import type { Arrangement } from '../plan/plan.ts'
import { lookAt } from './look-at.ts'
import { hinted, isThinkable } from './other-way.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** How many facts are looked at at once. */
const AT_ONCE = 6

/** A fact of the checklist, and where it is looked at: a step may have its files elsewhere than the others. */
export interface Need {
  check: Check
  step?: Step
}

/** The pre-deployment checklist: what every step needs before the run may begin, each fact once. */
export const needsOf = ({ steps, env }: Arrangement): Need[] => {
  const facts = new Map<string, Need>()
  if (env.database) facts.set(LOCKABLE, { check: lockable(env) })
  for (const step of steps)
    for (const check of step.needs({ env })) {
      const { host } = placeOf(step, env)
      const fact = `${host} ${check.fact}`
      if (!facts.has(fact)) facts.set(fact, { check, ...(step.at && { step }) })
    }
  return [...facts.values()]
}

/**
 * Looks at the whole checklist, and names everything on it that does not hold, in the checklist's order; but for what
 * only one of two ways needs, where the other can be gone.
 */
export const preflight = async (arrangement: Arrangement, context: RunContext): Promise<Failure[]> => {
  // Without its host whatever is asked there would fail alike.
  const there =
    isElsewhere(context.env) && (await lookAtNeed({ check: hostAnswers(context.env.host) }, context))
  if (there) return [{ kind: 'before-unmet', unmet: [there] }]
  const needs = [...needsOf(arrangement), { check: ledgerWritable(context) }]
  const unmet: (Unmet | undefined)[] = needs.map(() => undefined)
  // First, and alone: what is wrong with the way to the database is wrong with whatever else is asked there.
  const way = needs[0]?.check.fact === LOCKABLE ? await lookAtNeed(needs[0], context) : undefined
  // One iterator for all of them: each worker takes the next check.
  const waiting = needs.entries()
  const worker = async () => {
    for (const [i, need] of waiting) {
      if (need.check.fact === LOCKABLE) unmet[i] = way
      else unmet[i] = await lookAtNeed(need, context)
      if (way && unmet[i] !== way && unmet[i]?.seen === way.seen) unmet[i] = undefined
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  const missing = new Set(unmet.flatMap((one) => (one ? [one.fact] : [])))
  const { env, steps, entries } = arrangement
  const ways = waysOf(entries)
  const isNeededBy = (step: Step, fact?: string) =>
    step.needs({ env }).some((check) => (fact === undefined ? missing.has(check.fact) : check.fact === fact))
  /** The ways that stand or fall with a fact; undefined where something else needs it. */
  const waysNeeding = (fact: string): Way[] | undefined => {
    const found = steps.filter((step) => isNeededBy(step, fact)).map(({ id }) => ways.get(id))
    return found.length && found.every((way): way is Way => way !== undefined) ? found : undefined
  }
  return unmet.flatMap((one): Failure[] => {
    if (!one) return []
    const failure: Failure = { kind: 'before-unmet', unmet: [one] }
    const open = waysNeeding(one.fact)?.every(({ other }) => !other.some((step) => isNeededBy(step)))
    if (!open) return [failure]
    const first = waysNeeding(one.fact)!.find(({ place }) => place === 'first')
    return first && !isThinkable(context) ? [hinted(failure, first.either)] : []
  })
}

const lookAtNeed = async ({ check, step }: Need, context: RunContext): Promise<Unmet | undefined> => {
  const look = lookOf(context, step)
  return (await lookAt(check, { look, context, side: 'needs' })).unmet
}

/** Whatever has a database is locked there: without that no run begins. */
const LOCKABLE = 'a run can lock the database'
const lockable = ({ name }: Environment): Check =>
  defineCheck({
    fact: LOCKABLE,
    remedy: typed`runbook doctor ${name}`,
    look: async ({ see }) => {
      const [own] = await see(
        selects<{ database: string; pid: number; repeats: boolean }>(
          'SELECT current_database() AS database, pg_backend_pid() AS pid, pg_is_in_recovery() AS repeats',
        ),
      )
      if (own!.repeats)
        return fails(`${own!.database} is on a standby, which repeats what another server writes`)
      return holds(`a session on ${own!.database} stays its own: pid ${own!.pid}`)
    },
  })

/** What cannot be written down is not begun: nobody else could know of it. */
const ledgerWritable = ({ ledger, env }: RunContext): Check =>
  defineCheck({
    fact: `the ledger of ${env.name} can be written`,
    remedy: `let the operators write into the clone, or name a folder that they may write into: ledger: '/var/lib/…' in environments.${env.name}`,
    look: async ({ attempt }) => {
      const { file, shared } = await ledger.place()
      if (!shared) return holds(`${file.printed}, which no other machine sees`)
      const may = await attempt(reads('sh', '-c', MAY_WRITE, 'sh', file.path))
      if (may.ok) return holds(file.printed)
      const { failure } = may
      if (failure.kind !== 'command-failed' || failure.exit !== 1) throw new Failed(failure)
      return fails(`it is ${file.printed}, and this user may not write there`)
    },
  })

/** The file, or the folder in which it would be made. */
const MAY_WRITE = `at=$1; while [ ! -e "$at" ]; do at=\${at%/*}; [ -n "$at" ] || at=/; done; [ -w "$at" ]`

const hostAnswers = (host: string): Check =>
  defineCheck({
    fact: `${host} can be reached by ssh`,
    remedy: typed`ssh -v ${host}`,
    look: async ({ see, now }) => {
      const before = now().getTime()
      const name = await see({ ...reads('uname', '-n'), cwd: '/' })
      return holds(`${name}, in ${now().getTime() - before} ms`)
    },
  })

/** Several failures as one, so that an operator mends them in one go. */
export const together = (failures: readonly Failure[]): Failure => {
  if (failures.length === 1) return failures[0]!
  const tails = failures.flatMap((failure) => ('tail' in failure && failure.tail ? [failure.tail] : []))
  return {
    kind: 'before-unmet',
    unmet: failures.flatMap(unmetOf),
    ...(tails.length && { tail: tails.join('\n') }),
  }
}

const unmetOf = (failure: Failure): Unmet[] => {
  if (failure.kind === 'before-unmet') return failure.unmet
  const { sentence, remedy } = explain(failure)
  return [{ fact: 'the plan can be made', seen: sentence, remedy }]
}
