import type { ActionRecord } from '../journal/fold.ts'
import type { StatementResult } from '../model/action.ts'
import { milliseconds } from '../model/quantity.ts'
import type { Step } from '../model/step.ts'
import type { RunContext } from './run-context.ts'

/** What took longer than in its rehearsal by more than this counts as another time. Milliseconds, and times. */
const MORE = 500
const TIMES = 3

/** How a step went, held against its rehearsal in the same run; undefined where there was none. */
export const asRehearsed = (
  { id }: Step,
  { state }: RunContext,
): { holds: boolean; seen: string; summary: string } | undefined => {
  const tried = state.steps.get(`rehearse-${id}`)
  const own = state.steps.get(id)
  if (tried?.state.is !== 'done' || !own) return undefined
  const times: string[] = []
  const different: string[] = []
  for (const [name, action] of own.actions) {
    const then = tried.actions.get(name)
    if (!then || then.ms === undefined || action.ms === undefined) continue
    const [ms, before] = [tookOf(action), tookOf(then)]
    times.push(`${milliseconds(ms)}, rehearsed ${milliseconds(before)}`)
    if (isLonger(ms, before))
      different.push(`${name} took ${milliseconds(ms)} instead of ${milliseconds(before)}`)
    different.push(...differentLines(action.statements ?? [], then.statements ?? []))
    different.push(...differentTables(action.statements, then.statements))
  }
  if (times.length === 0) return undefined
  return {
    holds: different.length === 0,
    seen: [...times, ...different].join('; '),
    summary: times.join('; '),
  }
}

const isLonger = (ms: number, before: number): boolean => ms - before > MORE && ms > TIMES * before

/** Of a transaction its statements, because a copy is asked in between. */
const tookOf = ({ ms = 0, statements = [] }: ActionRecord): number =>
  statements.length ? statements.reduce((sum, one) => sum + one.ms, 0) : ms

const differentLines = (now: readonly StatementResult[], then: readonly StatementResult[]): string[] =>
  now.flatMap(({ line, ms }, i) => {
    const before = then[i]
    return before?.line === line && isLonger(ms, before.ms)
      ? [`line ${line} took ${milliseconds(ms)} instead of ${milliseconds(before.ms)}`]
      : []
  })

const differentTables = (
  now: readonly StatementResult[] = [],
  then: readonly StatementResult[] = [],
): string[] => {
  if (!now.some(({ measured }) => measured)) return []
  const [is, was] = [touchedBy(now), touchedBy(then)]
  return [
    ...[...is].filter((one) => !was.has(one)).map((one) => `it ${one}, which was not so in the rehearsal`),
    ...[...was]
      .filter((one) => !is.has(one))
      .map((one) => `it did not do what it did in the rehearsal: it ${one}`),
  ]
}

const touchedBy = (statements: readonly StatementResult[]): Set<string> =>
  new Set(
    statements.flatMap(({ measured }) => [
      ...(measured?.locks ?? []).map(({ table, mode }) => `took ${mode} on ${table}`),
      ...(measured?.rewritten ?? []).map(({ table }) => `wrote ${table} anew`),
    ]),
  )
