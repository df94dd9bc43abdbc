import { foldRun, type RunState } from '../../runbook/journal/fold.ts'
import type { Event, EventOf, Happening, Probed } from '../../runbook/model/event.ts'
import type { PlannedStep } from '../../runbook/model/planned-step.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { defineStep, type Sort, type Step } from '../../runbook/model/step.ts'
import { nothingToUndo } from '../../runbook/model/undo.ts'
import type { Plan } from '../../runbook/plan/plan.ts'
import { paintWith } from '../../runbook/render/paint.ts'

/** Runs, plans and transcripts that no engine has made, for what only draws them. */
export const plain = paintWith(false)
export const FROM = '3f2a1b0c4d5e6f708192a3b4c5d6e7f809182736'
export const TO = '9c8d7e6f5a4b3c2d1e0f9a8b7c6d5e4f3a2b1c0d'

/** As a transcript has them, a second apart. */
export const eventsOf = (happenings: readonly Happening[]): Event[] =>
  happenings.map((happening, seq) => ({
    seq,
    at: `2026-11-22T02:15:${String(seq).padStart(2, '0')}.000Z`,
    ...happening,
    prev: '',
  }))
export const stateOf = (happenings: readonly Happening[]): RunState => foldRun(eventsOf(happenings))

export const started = (more: Partial<EventOf<'run-started'>> = {}): Happening => ({
  ...{ type: 'run-started', run: 'r1', book: 'shop', env: 'production', command: 'deploy' },
  ...{ operator: 'ada', machine: 'desk', pid: 7, version: '0.1.0', fingerprint: 'f' },
  ...more,
})
export const begins = (step: string, sort: Sort = 'state'): Happening => ({
  ...{ type: 'step-started', step, sort, title: `Do ${step}` },
})
export const performs = (step: string, printed = `touch ${step}`): Happening => ({
  ...{ type: 'action-started', step, action: 'act', printed },
})
export const done = (step: string, summary = ''): Happening => ({
  ...{ type: 'step-done', step, output: null, summary, ms: 1200 },
})
export const broken = { kind: 'command-failed', printed: 'npm ci', exit: 1, tail: 'one\ntwo\n' } as const
export const fails = (step: string): Happening => ({ type: 'step-failed', step, failure: broken, ms: 40 })
export const looked = (step: string, more: Partial<EventOf<'looked'>> = {}): Happening => ({
  ...{ type: 'looked', step, side: 'after', fact: `${step} is there`, holds: true, seen: 'it is', ms: 3 },
  ...more,
})
export const met = (failures: Record<string, number> = {}, more: Partial<Probed> = {}): Happening => {
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0)
  const probed = { url: '/health', requests: 1412, longestGap: 84, ms: 90_000, ...more, failed, failures }
  return {
    type: 'looked',
    side: 'after',
    fact: 'answered',
    holds: failed === 0,
    seen: '',
    ms: 90_000,
    probed,
  }
}
export const prints = (step: string, text: string): Happening => ({
  ...{ type: 'output', step, action: 'act', stream: 'out', text },
})

export const step = (id: string, sort: Sort = 'state'): Step =>
  defineStep({
    ...{ id, sort, title: `Do ${id}`, about: 'Does it.' },
    after: () => [{ kind: 'check', fact: id, remedy: '', look: async () => ({ holds: true, seen: '' }) }],
    undo: () => nothingToUndo('it is a test'),
  })

export const planned = (id: string, more: Partial<PlannedStep> = {}): PlannedStep => ({
  ...{ id, title: `Do ${id}`, sort: 'state', phase: 'Work', parallel: false, expects: 'to-do', seen: '' },
  ...{ findings: [], actions: [], after: [], undo: '', loses: [] },
  ...more,
})
export const plan = (steps: PlannedStep[], more: Partial<Plan> = {}): Plan => ({
  env: resolveEnvironment('production', { protected: true, app: { dir: '/srv/shop' } }, '/'),
  revision: { from: FROM, to: TO },
  steps,
  phases: [],
  ...more,
})
