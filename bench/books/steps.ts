import { changes, defineCheck, defineRunbook, defineStep, fails, holds, nothingToUndo, phase } from 'runbook'

const PHASES = 20
const STEPS = 50

const hasRun = defineCheck({
  fact: 'true has run',
  remedy: 'run it',
  look: async ({ performed }) => {
    const result = performed('run')
    return result ? holds(result) : fails('not yet')
  },
})

const step = (number: number) =>
  defineStep({
    id: `step-${number}`,
    title: `Run true for the ${number}th time`,
    about: 'Runs a program that does nothing.',
    actions: () => ({ run: changes('true') }),
    after: () => [hasRun],
    undo: () => nothingToUndo('it does nothing'),
  })

/** 1000 steps, each of which runs `true`. */
export default defineRunbook({
  name: 'thousand',
  environments: { bench: { app: { dir: process.env.BENCH_FOLDER! } } },
  deploy: () =>
    Array.from({ length: PHASES }, (_, i) =>
      phase(
        `Phase ${i + 1}`,
        Array.from({ length: STEPS }, (_, j) => step(i * STEPS + j)),
      ),
    ),
})
