import { backupStands } from '../../checks/backup-stands.ts'
import { readManifest } from '../../checks/reading/backup-manifest.ts'
import {
  type Act,
  type BackupManifest,
  bytes,
  type Copy,
  Failed,
  failureOf,
  holds,
  isElsewhere,
  milliseconds,
  type Step,
  selects,
  typed,
} from '../../runbook/index.ts'
import { FILLING, PUT_AWAY } from '../restore/restore-dump.ts'
import { rowsAsInManifest } from '../restore/rows-as-in-manifest.ts'
import type { Concern } from './concerns.ts'
import { copyActions, serverOf } from './copy-actions.ts'
import { leavingUntouched } from './leaving-untouched.ts'
import { type TryOutOptions, tryOut } from './try-out.ts'
import type { Found, On } from './where.ts'

export interface RehearseOptions extends TryOutOptions {
  from: Step
  code: Step
  on: On
}

type Acting = Act<any, Found | null>

/**
 * Makes the copy, works on it, and takes it away again, whatever comes of it. What earlier rehearsals left is removed even
 * where there is nothing to rehearse.
 */
export const rehearseOnCopy = async (act: Acting, options: RehearseOptions): Promise<void> => {
  const { observed, migrations, env } = act
  if (!observed) return
  const perform = act.perform as unknown as (
    name: string,
    values?: Record<string, string>,
  ) => Promise<unknown>
  const planned = Object.keys(copyActions(observed, env, options.on))
  for (const name of planned.filter((one) => one.startsWith('discard'))) await perform(name)
  if (migrations.length === 0 || observed.where.kind === 'none') return
  await leavingUntouched(act, async () => {
    try {
      const concerns = await work(act, perform, new Set(planned), options)
      refuseUnallowed(act, concerns, options)
    } finally {
      // Where even that fails, the next rehearsal removes what is left.
      for (const name of planned.filter((one) => one.startsWith('drop')))
        await act.cleanUp(name).catch(() => {})
    }
  })
}

const work = async (
  act: Acting,
  perform: (name: string, values?: Record<string, string>) => Promise<unknown>,
  planned: ReadonlySet<string>,
  { from, code, on, ...options }: RehearseOptions,
): Promise<Concern[]> => {
  const { dump } = act.outputOf(from) as { dump: string }
  const { dir } = act.outputOf(code) as { dir: string | null }
  const { database } = act.observed!
  const manifest = await readManifest(act, dump)
  const began = act.now().getTime()
  for (const name of ['folder', 'initialize', 'start', 'create', 'close'])
    if (planned.has(name)) await perform(name)
  await proveBackup(act, dump, async () => {
    try {
      for (const name of FILLING) if (planned.has(name)) await perform(name, { dump })
    } finally {
      if (planned.has(PUT_AWAY)) await act.cleanUp(PUT_AWAY as never, { dump } as never).catch(() => {})
    }
  })
  const took = act.now().getTime() - began
  await perform('analyze')
  const server = serverOf(act.observed!, on)
  // What runs on another host does not reach a server that is started here.
  const reached = act.observed!.where.kind !== 'throwaway' || !isElsewhere(act.env)
  const { closing } = act.observed!
  const place = { database, closing, ...(server && { server }), ...(dir !== null && reached && { dir }) }
  return act.onCopy(place, async (copy) => {
    await proveRows(act, copy, manifest!, took)
    return tryOut(act, copy, options)
  })
}

/** The file is read twice at once: by pg_restore, and for its sum, which tells more where both fail. */
const proveBackup = async (act: Acting, dump: string, restore: () => Promise<unknown>): Promise<void> => {
  const stands = backupStands(dump)
  const [sum, restored] = await Promise.allSettled([stands.look(act), restore()])
  act.signal.throwIfAborted()
  if (sum.status === 'rejected') throw sum.reason
  if (!sum.value.holds)
    act.prove(
      'the backup can be relied on',
      sum.value,
      'something has changed it since it was written: look at its disk, then deploy again, which makes a new one',
    )
  if (restored.status === 'rejected') {
    const failure = failureOf(restored.reason)
    const tail = 'tail' in failure ? failure.tail : undefined
    throw failure.kind === 'command-failed'
      ? new Failed({
          kind: 'after-unmet',
          unmet: [
            {
              fact: 'the backup can be restored',
              seen: tail?.split('\n').find((line) => /error/i.test(line)) ?? `it ended with ${failure.exit}`,
              remedy: 'read its last lines; a backup that cannot be restored is none',
            },
          ],
          ...(tail && { tail }),
        })
      : restored.reason
  }
}

/** What came back of the backup, and how long that took. Milliseconds. */
const proveRows = async (act: Acting, copy: Copy, manifest: BackupManifest, took: number): Promise<void> => {
  const verdict = await rowsAsInManifest(manifest, (count) => copy.look.see(count))
  const [size] = await copy.look.see(
    selects<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes'),
  )
  act.prove(
    'the backup can be restored',
    verdict.holds
      ? holds(`${bytes(size!.bytes)} in ${milliseconds(took)}: ${verdict.seen}, as in its manifest`)
      : verdict,
    'do not rely on this backup; make another: runbook backup',
  )
}

/** What nobody has allowed stops the run; it is named so that it can be. */
const refuseUnallowed = (act: Acting, concerns: readonly Concern[], { isAllowed }: TryOutOptions): void => {
  for (const { name, what } of concerns.filter(({ name }) => isAllowed(name)))
    act.prove(`${name} is allowed`, holds(what), '')
  const others = concerns.filter(({ name }) => !isAllowed(name))
  if (others.length === 0) return
  const names = [...new Set(others.map(({ name }) => name))]
  throw new Failed({
    kind: 'before-unmet',
    unmet: others.map(({ what, instead }, i) => ({
      fact: 'the migration hurts nobody and loses nothing',
      seen: what,
      remedy: `safely: ${instead}${i === others.length - 1 ? typed`\nor let it happen all the same: --allow ${names}` : ''}`,
    })),
  })
}
