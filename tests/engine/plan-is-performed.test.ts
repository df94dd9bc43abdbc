import { writeFileSync } from 'node:fs'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  type Action,
  changes,
  given,
  parallel,
  phase,
  reads,
  sequence,
  writesFile,
} from '../../runbook/index.ts'
import type { Entry } from '../../runbook/model/book.ts'
import type { PlannedStep } from '../../runbook/model/planned-step.ts'
import type { Sort } from '../../runbook/model/step.ts'
import { engineRig, leaves, type Performed } from '../rig/engine-rig.ts'

/** A step as chance makes it: its actions by their kind. */
interface Drawn {
  kind: 'step'
  sort: Sort
  actions: ('command' | 'hostile' | 'file' | 'stamped' | 'given')[]
  done: boolean
  proven: boolean
  waits: boolean
}
interface DrawnGroup {
  kind: 'phase' | 'sequence' | 'parallel'
  inner: DrawnEntry[]
}
type DrawnEntry = Drawn | DrawnGroup

const { entry } = fc.letrec<{ entry: DrawnEntry; step: Drawn; group: DrawnGroup }>((tie) => ({
  entry: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: tie('step') },
    { weight: 1, arbitrary: tie('group') },
  ),
  step: fc.record({
    kind: fc.constant('step' as const),
    sort: fc.constantFrom<Sort>('state', 'follows', 'verifies', 'prepares'),
    actions: fc.array(fc.constantFrom('command', 'hostile', 'file', 'stamped', 'given'), {
      minLength: 1,
      maxLength: 3,
    }),
    done: fc.boolean(),
    proven: fc.boolean(),
    waits: fc.boolean(),
  }) as fc.Arbitrary<Drawn>,
  group: fc.record({
    kind: fc.constantFrom('phase' as const, 'sequence' as const, 'parallel' as const),
    inner: fc.array(tie('entry'), { maxLength: 3 }),
  }),
}))

const actionOf = (
  kind: Drawn['actions'][number],
  id: string,
  stamp: string,
): Action | ReturnType<typeof given> => {
  if (kind === 'command') return changes('true', id)
  if (kind === 'hostile') return changes('true', `it's "$HOME"`, '', '*', `a b\n${id}`)
  if (kind === 'file') return writesFile(`${id}.txt`, 'content')
  if (kind === 'stamped') return { ...writesFile(`${id}-${stamp}`, 'x'), shows: `+ ${id}` }
  return given(['name', 'more'], ({ name, more }) => changes('true', name, `--${more}`))
}

const bookOf = (drawn: DrawnEntry[], dir: (path: string) => string): Entry[] => {
  let count = 0
  const build = (each: DrawnEntry): Entry => {
    if (each.kind === 'phase') return phase(`Phase ${count}`, each.inner.map(build))
    if (each.kind !== 'step') return (each.kind === 'parallel' ? parallel : sequence)(each.inner.map(build))
    const id = `s${count++}`
    if (each.done) writeFileSync(dir(id), '')
    return leaves(id, {
      sort: each.sort,
      provenByContent: each.proven,
      observe: async ({ see }) => (each.waits ? see(reads('echo', id)) : id),
      actions: ({ observed, run }) => ({
        ...Object.fromEntries(
          each.actions.map((kind, i) => [`${kind}${i}`, actionOf(kind, observed, run.stamp)]),
        ),
        leave: writesFile(id, ''),
      }),
      run: async ({ perform }) => {
        const act = perform as (name: string, values?: Record<string, string>) => Promise<unknown>
        for (const [i, kind] of each.actions.entries())
          await act(`${kind}${i}`, ...(kind === 'given' ? [{ name: `value of ${id}`, more: 'x' }] : []))
        await act('leave')
      },
    })
  }
  return drawn.map(build)
}

/** A plan's line, with what was known only while running. */
const filled = (printed: string, values: Record<string, string>, stamp: string): string => {
  const known = { ...values, stamp }
  const hole = /'[^']*‹(?:name|more|stamp)›[^']*'|‹(name|more|stamp)›/g
  const said = printed.replace(hole, (found) =>
    found.replace(/‹(\w+)›/g, (_, name: string) => known[name as 'stamp'] ?? _),
  )
  // A value with a space in it is quoted.
  return said.replace(/(?<= )(value of s\d+)(?= )/, "'$1'")
}

const performedBy = ({ events }: Performed, step: string) =>
  events.flatMap((event) =>
    event.type === 'action-started' && event.step === step
      ? [{ name: event.action, printed: event.printed, values: event.values ?? {} }]
      : [],
  )

test('what is performed is what the plan printed, whatever the book', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), async (drawn) => {
      const rig = engineRig()
      try {
        const book = bookOf(drawn, rig.in)
        const before = await rig.plan(book)
        const run = await rig.perform(book)
        expect(run.ended).toEqual({ verdict: 'done', exit: 0 })
        expect(run.plan?.steps).toEqual(before.plan.steps)
        for (const step of run.plan!.steps as PlannedStep[]) {
          const performed = performedBy(run, step.id)
          const planned = step.expects === 'done' ? [] : step.actions
          expect(performed.map(({ name, printed }) => ({ name, printed }))).toEqual(
            planned.map(({ name, printed }, i) => ({
              name,
              printed: filled(printed, performed[i]?.values ?? {}, '20261122T021500Z'),
            })),
          )
        }
        const steps = new Set(run.plan!.steps.map(({ id }) => id))
        for (const event of run.events)
          if (event.type === 'action-started') expect(steps).toContain(event.step)
      } finally {
        rig.dispose()
      }
    }),
    { numRuns: 25 },
  )
})
