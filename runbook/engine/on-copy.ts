import { applyEvent, emptyRun, type RunState } from '../journal/fold.ts'
import type { Actions } from '../model/action.ts'
import type { Copy, CopyPlace, Performed } from '../model/copy.ts'
import { databaseOf } from '../model/environment.ts'
import type { EventOf } from '../model/event.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import { undoStep } from './arrange-rollback.ts'
import { canBeDoneOnCopy } from './can-be-done-on-copy.ts'
import { databaseDoor } from './carry-out.ts'
import { closedCopy } from './closed-copy.ts'
import { appliedMigrations } from './migration-ledgers.ts'
import { lookOf, type RunContext } from './run-context.ts'
import { runStep } from './run-step.ts'

/**
 * Works on a copy of the environment's database. The steps run unchanged: what leads them to the database leads to the
 * copy here, and this is the one place where that is derived. They are recorded as steps of the same run, which only prepare.
 */
export const onCopy = async <T>(
  context: RunContext,
  place: CopyPlace,
  work: (copy: Copy) => Promise<T>,
): Promise<T> => {
  const copied = await contextOf(context, place)
  const ended: EventOf<'action-ended'>[] = []
  const leave = context.recorder.onEvent((event) => {
    applyEvent(copied.state, event)
    if (event.type === 'action-ended') ended.push(event)
  })
  const known = ({ observed }: { observed?: unknown }) => ({ observed, env: copied.env, run: copied.paths })
  try {
    return await work({
      look: lookOf(copied, undefined),
      perform: async (step): Promise<Performed> => {
        const tried = rehearsed(step, place)
        await runStep(tried, copied)
        const record = copied.state.steps.get(tried.id)!
        return {
          observed: record.observed!,
          undo: record.undo!,
          dangers: step.dangers?.(known(record) as never) ?? [],
          actions: ended.flatMap(({ step: of, action, ok, ms, statements = [] }) =>
            of === tried.id && ok ? [{ name: action, ms, statements }] : [],
          ),
          summary:
            record.state.is === 'done'
              ? (step.summary?.({ observed: record.observed!, output: record.state.output }) ?? '')
              : '',
        }
      },
      statementsOf: (step) => {
        const tried = rehearsed(step, place)
        const record = copied.state.steps.get(tried.id)
        const actions =
          record?.observed === undefined ? {} : (tried.actions(known(record) as never) as Actions)
        return Object.values(actions).flatMap((one) => (one.kind === 'transaction' ? one.statements : []))
      },
      takeBack: async (step) => {
        const tried = rehearsed(step, place)
        const record = copied.state.steps.get(tried.id)
        if (record?.undo?.kind !== 'reverse') throw new Error(`${step.id} has no way back`)
        const { undo } = record
        const now = undo.applied === undefined ? undefined : await appliedMigrations(lookOf(copied, tried))
        if (now?.known && now.text === undo.applied) return `nothing was applied: ${now.text || 'none'}`
        const back = undoStep(
          { ...record, undo },
          { ...({} as Arrangement), env: copied.env, steps: [tried] },
          { target: { id: '', state: copied.state }, paths: copied.paths },
        )
        await runStep(
          {
            ...back,
            id: `rehearse-back-${step.id}`,
            title: `Rehearse the way back: ${step.title}`,
            sort: 'prepares',
            summary: () => 'done, and its facts hold',
          },
          copied,
        )
        return undefined
      },
    })
  } finally {
    leave()
    try {
      await copied.doors.closed?.close()
    } finally {
      await copied.doors.database?.close()
    }
  }
}

/** The same run, for which the copy is the database, and the code that is to come the application's. */
const contextOf = async (context: RunContext, place: CopyPlace): Promise<RunContext> => {
  const { env, doors } = context
  const { url, via, ...database } = databaseOf(env)
  const secrets = doors.secrets.leadingTo(url, place)
  const target = secrets.target(url)
  const elsewhere = place.server !== undefined
  const noTunnel = async () => undefined
  const door = databaseDoor(doors, env).to(target, { measures: true, ...(elsewhere && { tunnel: noTunnel }) })
  const closed = await closedCopy(context, place, { door, elsewhere })
  const variables = secrets.led(doors.variables)
  return {
    ...context,
    env: {
      ...env,
      app: { ...env.app, ...(place.dir && { dir: place.dir }) },
      database: { ...database, url, ...(via && !elsewhere && { via }) },
    },
    doors: {
      ...doors,
      secrets,
      // Where nothing else can be reached, a program may look for its database wherever it does in production.
      variables: closed ? variables : withoutLibpq(variables),
      ...(closed && { closed }),
      database: door,
      tunnel: elsewhere ? noTunnel : doors.tunnel,
    },
    state: stateOf(context),
    migrations: [],
  }
}

/** What the run has done so far; of an earlier copy nothing, because this is another. */
const stateOf = ({ state }: RunContext): RunState => ({
  ...emptyRun(),
  revision: state.revision,
  steps: new Map([...state.steps].filter(([id]) => !id.startsWith('rehearse-'))),
})

/** By these a program that is told nothing else would find the operator's own database. */
const withoutLibpq = (variables: RunContext['doors']['variables']): RunContext['doors']['variables'] =>
  Object.fromEntries(
    Object.entries(variables).filter(
      ([name]) => !/^PG(HOST|HOSTADDR|PORT|DATABASE|USER|SERVICE|SERVICEFILE)$/.test(name),
    ),
  )

/** A step as it is performed on a copy: by another name, and changing nothing that counts. */
const rehearsed = (step: Step, place: CopyPlace): Step => {
  const { role, ...rest } = step
  return {
    ...rest,
    id: `rehearse-${step.id}`,
    title: `Rehearse: ${step.title}`,
    sort: 'prepares',
    // How long it took is told by what was measured; on a copy it is looked at in between.
    summary: () => 'done, and its facts hold',
    before: (known) => [canBeDoneOnCopy(step, place, known), ...step.before(known)],
    ...(step.trial && {
      actions: (known) => {
        const trial = step.trial?.(known)
        return { ...(trial && { trial }), ...(step.actions(known) as Actions) }
      },
      run: async (act) => {
        let failed: unknown
        if (step.trial?.(act))
          await act.perform('trial' as never).catch((error: unknown) => {
            act.signal.throwIfAborted()
            failed = error
          })
        // What fails in one transaction may do well in several, as the step performs it.
        await step.run(act).catch((error) => {
          throw failed ?? error
        })
      },
    }),
  }
}
