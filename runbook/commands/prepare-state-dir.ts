import { chmodSync, existsSync, lstatSync, mkdirSync, realpathSync, type Stats, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lookers, strangerAbove, strangerOwning } from '../doors/whose.ts'
import { Failed, unmet } from '../model/failure.ts'
import { typed } from '../model/shell-word.ts'

/** Made at once; the others when something comes into them. */
const MADE = ['runs', 'backups', 'locks']
const OTHERS = ['reports', 'bundles', 'ledger']

/**
 * The state folder: where there is none, one is made into which only its owner may look, and which git passes over. One that is
 * there already is left as it is; refuses (exit 3) where it is not its owner's alone.
 */
export const prepareStateDir = (stateDir: string): void => {
  demandOwnFolder(stateDir)
  try {
    if (make(stateDir)) writeFileSync(join(stateDir, '.gitignore'), '*\n', { mode: 0o600, flag: 'wx' })
    for (const name of MADE) make(join(stateDir, name))
  } catch (error) {
    throw new Failed({ kind: 'journal-failed', path: stateDir, message: (error as Error).message })
  }
}

/** Whether it had to be made. */
const make = (folder: string): boolean => {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined
  // The umask of whoever makes it may take more than that.
  if (made) chmodSync(folder, 0o700)
  return made
}

/**
 * Refuses (exit 3) a state folder that somebody else could read, write or replace: transcripts are performed from, and dumps hold
 * the data. Owner, mode, links and the folders above are looked at as ssh and sudo look at theirs.
 */
export const demandOwnFolder = (stateDir: string): void => {
  const above = strangerAbove(stateDir)
  if (above)
    throw unmet(
      `nobody else can put another folder into the place of ${stateDir}`,
      above.what,
      `${above.remedy}; or keep it where that is so: --state-dir <folder>`,
    )
  for (const folder of [stateDir, ...[...MADE, ...OTHERS].map((name) => join(stateDir, name))])
    demandOwn(folder, folder === stateDir)
}

const demandOwn = (folder: string, isWhole: boolean): void => {
  const stat = lookAt(folder)
  if (!stat) return
  if (stat.isSymbolicLink()) {
    const to = existsSync(folder) ? realpathSync(folder) : undefined
    throw unmet(
      `${folder} is a folder itself`,
      `it is a link${to ? ` to ${to}` : ' that leads nowhere'}`,
      to && isWhole
        ? typed`name what is meant: --state-dir ${to}`
        : typed`put the folder itself there: rm ${folder}`,
    )
  }
  if (!stat.isDirectory()) return
  const stranger = strangerOwning(folder)
  const open = lookers(folder, stat)
  if (stranger)
    throw unmet(
      `${folder} is its owner’s alone`,
      stranger.what,
      `${stranger.remedy}; or keep your own: --state-dir <folder>`,
    )
  if (open)
    throw unmet(
      `${folder} is its owner’s alone`,
      open.what,
      `${open.remedy}${isWhole ? '; or keep it elsewhere: --state-dir <folder>' : ''}`,
    )
}

/** Undefined where there is nothing, or where it may not be looked at: then nor can it be written, which is said there. */
const lookAt = (path: string): Stats | undefined => {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}
