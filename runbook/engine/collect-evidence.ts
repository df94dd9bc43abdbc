import { heardByMany } from '../doors/heard-by-many.ts'
import type { Check } from '../model/check.ts'
import { isForwards } from '../model/event.ts'
import type { Evidence } from '../model/evidence.ts'
import { explain } from '../model/explain.ts'
import { failureOf } from '../model/failure.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import { lookAt } from './look-at.ts'
import { needsOf } from './preflight.ts'
import { lookOf, type RunContext } from './run-context.ts'

/** How long each piece may take: what hangs must not keep the others back. Milliseconds. */
const PATIENCE = 20_000

/** A file of a bundle; or why there is none. */
export type Piece = { file: string; about: string } & ({ text: string } | { missing: string })

/** How a piece is come by. */
interface Source extends Pick<Evidence, 'file' | 'about'> {
  collect(context: RunContext): Promise<string>
}

/**
 * Everything of the world that the steps of a run know to be worth a look: the checklist, whether what they did stands,
 * their logs and versions. What cannot be had is an answer too. `blind`: why nothing may be looked at. Changes nothing.
 */
export const collectEvidence = (
  arrangement: Arrangement,
  context: RunContext,
  blind: string | undefined,
): Promise<Piece[]> => {
  const sources = [checklist(arrangement), whatStands(arrangement), ...ofSteps(arrangement, context)]
  return Promise.all(
    sources.map((source) =>
      blind === undefined
        ? collect(source, context)
        : { file: source.file, about: source.about, missing: blind },
    ),
  )
}

const collect = async ({ file, about, collect }: Source, context: RunContext): Promise<Piece> => {
  const late = AbortSignal.timeout(PATIENCE)
  const signal = heardByMany(AbortSignal.any([context.signal, late]))
  try {
    return { file, about, text: await collect({ ...context, signal }) }
  } catch (error) {
    context.signal.throwIfAborted()
    const missing = late.aborted
      ? `nothing was heard for ${PATIENCE / 1000} s`
      : explain(failureOf(error)).sentence
    return { file, about, missing }
  }
}

const checklist = (arrangement: Arrangement): Source => ({
  file: 'doctor.txt',
  about: 'the checklist of `runbook doctor`, as it stands now',
  collect: async (context) => {
    const lines = needsOf(arrangement).map(({ check, step }) => lineOf(check, step, context))
    return (await Promise.all(lines)).join('\n')
  },
})

/** What each step of the run was to bring about, asked again. */
const whatStands = ({ steps }: Arrangement): Source => ({
  file: 'facts.txt',
  about: 'whether what the steps were to bring about holds now',
  collect: async (context) => {
    const { state, env, paths: run } = context
    const begun = isForwards(state.started?.command)
      ? steps.filter(({ id, sort }) => sort !== 'prepares' && state.steps.get(id)?.observed !== undefined)
      : []
    const pages = begun.map(async (step) => {
      const { observed } = state.steps.get(step.id)!
      const lines = step.after({ observed, env, run }).map((check) => lineOf(check, step, context))
      return [`${step.title}:`, ...(await Promise.all(lines))].join('\n')
    })
    return (await Promise.all(pages)).join('\n\n') || 'No step had begun that brings anything about.'
  },
})

/** Each file once: several steps may know of the same log. */
const ofSteps = ({ steps, env }: Arrangement, { state }: RunContext): Source[] => {
  const found = new Map<string, Source>()
  for (const step of steps) {
    const observed = isForwards(state.started?.command) ? state.steps.get(step.id)?.observed : undefined
    for (const evidence of step.evidence?.({ env, observed }) ?? [])
      if (!found.has(evidence.file))
        found.set(evidence.file, {
          ...evidence,
          collect: (context) => evidence.collect(lookOf(context, step)),
        })
  }
  return [...found.values()]
}

const lineOf = async (check: Check, step: Step | undefined, context: RunContext): Promise<string> => {
  const look = lookOf(context, step)
  const { verdict, unmet } = await lookAt(check, { look, context, side: 'needs', patient: false })
  return `${verdict.holds ? '✔' : '✖'} ${check.fact} · ${verdict.seen}${unmet ? `\n    → ${unmet.remedy}` : ''}`
}
