import { join } from 'node:path'
import { backupsOnHost } from '../engine/backups-of.ts'
import { type KeptDatabase, keptDatabases } from '../engine/kept-databases.ts'
import type { RunContext } from '../engine/run-context.ts'
import { type Backup, listBackups } from '../journal/backups.ts'
import { unlikeRecorded } from '../journal/recorded-backup.ts'
import { listRuns } from '../journal/runs.ts'
import { stampText } from '../journal/stamp-time.ts'
import { EXIT } from '../model/exit.ts'
import { explain } from '../model/explain.ts'
import { Failed } from '../model/failure.ts'
import { bytes } from '../model/quantity.ts'
import { jsonLine } from '../model/unseen.ts'
import { table } from '../render/table.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { stateDirOf } from './open-book.ts'

/**
 * The dumps that were kept, each read again in full; with an environment, also those that its book keeps on the host, and
 * the databases that restores replaced.
 */
export const backups = async (invocation: Invocation): Promise<number> => {
  const { env, say } = invocation
  const here = listBackups(join(stateDirOf(invocation), 'backups'), env)
  if (here.length) await show(here, invocation)
  else if (!invocation.options.json) say('No backups here.\n')
  if (env === undefined) return EXIT.done
  const quietly = { ...invocation, options: { ...invocation.options, json: false } }
  return lookCommand(quietly, async (_, context) => {
    await alsoOnHost(context, invocation)
    await alsoKept(context, invocation)
  })
}

const show = async (found: readonly Backup[], invocation: Invocation): Promise<void> => {
  const { options, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const runs = listRuns(stateDir)
  const proven = await Promise.all(
    found.map(async (backup) => {
      const proof = await backup.prove()
      const unlike = proof.stands ? await unlikeRecorded(backup, stateDir, runs) : undefined
      return { ...backup, proof: unlike ? { stands: false, seen: unlike } : proof }
    }),
  )
  if (options.json) {
    for (const { proof, ...backup } of proven) out(`${jsonLine({ ...backup, ...proof })}\n`)
    return
  }
  say(
    table(
      ['backup', 'taken', 'database', 'size', 'tables', 'rows', 'proof'],
      proven.map(({ name, stamp, size, manifest, proof }) => [
        name,
        stampText(stamp),
        manifest?.database ?? '?',
        bytes(size),
        manifest ? `${manifest.tables.length}` : '?',
        manifest?.tables.reduce((sum, { rows }) => sum + rows, 0).toLocaleString('en-US') ?? '?',
        proof.stands ? `stands, ${proof.seen}` : `DOES NOT STAND: ${proof.seen}`,
      ]),
      paint,
    ),
  )
}

/** A host that cannot be reached hides its own list, and nothing else. */
const alsoOnHost = async (context: RunContext, invocation: Invocation): Promise<void> => {
  const { host } = context.env
  let there: Backup[]
  try {
    there = await backupsOnHost(context)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    const { sentence, remedy } = explain(error.failure)
    invocation.say(`\nWhat is kept on ${host} is not known: ${sentence}\n${remedy}\n`)
    return
  }
  if (there.length === 0) return
  if (!invocation.options.json) invocation.say(`\nKept on ${host}:\n`)
  await show(there, invocation)
}

/** A database that does not answer hides what it has kept, and not the lists of files. */
const alsoKept = async (context: RunContext, { options, out, say }: Invocation): Promise<void> => {
  let kept: KeptDatabase[]
  try {
    kept = await keptDatabases(context)
  } catch (error) {
    if (!(error instanceof Failed)) throw error
    say('\nWhat restores have replaced and kept is not known: the database does not answer.\n')
    return
  }
  if (options.json) for (const one of kept) out(`${jsonLine({ kept: one.name, ...one })}\n`)
  else if (kept.length)
    say(
      `\nKept when a restore replaced them:\n${kept.map(({ name, size }) => `  ${name}${size === null ? '' : `, ${bytes(size)}`}\n`).join('')}`,
    )
}
