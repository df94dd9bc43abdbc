import { type KeptDatabase, keptDatabases } from '../engine/kept-databases.ts'
import { listBackups, proofOf } from '../journal/backups.ts'
import { stampText } from '../journal/stamp-time.ts'
import { EXIT } from '../model/exit.ts'
import { Failed } from '../model/failure.ts'
import { bytes } from '../model/quantity.ts'
import { table } from '../render/table.ts'
import type { Invocation } from './invocation.ts'
import { lookCommand } from './look-command.ts'
import { stateDirOf } from './open-book.ts'

/** The dumps that were kept, each read again in full; with an environment, also the databases that restores replaced. */
export const backups = async (invocation: Invocation): Promise<number> => {
  const { options, env, out, say, paint } = invocation
  const stateDir = stateDirOf(invocation)
  const found = await Promise.all(
    listBackups(stateDir, env).map(async (backup) => ({ ...backup, proof: await proofOf(backup) })),
  )
  if (options.json)
    for (const { proof, ...backup } of found) out(`${JSON.stringify({ ...backup, ...proof })}\n`)
  else if (found.length)
    say(
      table(
        ['backup', 'taken', 'database', 'size', 'tables', 'rows', 'proof'],
        found.map(({ name, stamp, size, manifest, proof }) => [
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
  else say('No backups yet.\n')
  return env === undefined ? EXIT.done : alsoKept(invocation)
}

/** A database that does not answer hides what it has kept, and not the list of files. */
const alsoKept = (invocation: Invocation): Promise<number> =>
  lookCommand({ ...invocation, options: { ...invocation.options, json: false } }, async (_, context) => {
    const { options, out, say } = invocation
    let kept: KeptDatabase[]
    try {
      kept = await keptDatabases(context)
    } catch (error) {
      if (!(error instanceof Failed)) throw error
      say('\nWhat restores have replaced and kept is not known: the database does not answer.\n')
      return
    }
    if (options.json) for (const one of kept) out(`${JSON.stringify({ kept: one.name, ...one })}\n`)
    else if (kept.length)
      say(
        `\nKept when a restore replaced them:\n${kept.map(({ name, size }) => `  ${name}${size === null ? '' : `, ${bytes(size)}`}\n`).join('')}`,
      )
  })
