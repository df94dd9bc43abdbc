import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { lookers, strangerAbove, strangerOwning, writers } from '../doors/whose.ts'
import { journalOf } from '../journal/runs.ts'
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
  // Of each environment.
  for (const folder of ['locks', 'ledger'].flatMap((name) => foldersIn(join(stateDir, name))))
    demandOwn(folder, false)
}

/** The folders in a folder, and what leads to one. */
const foldersIn = (folder: string): string[] => {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((one) =>
      one.isDirectory() || (one.isSymbolicLink() && !one.name.endsWith('.json'))
        ? [join(folder, one.name)]
        : [],
    )
  } catch {
    return []
  }
}

/**
 * Refuses (exit 3) to perform from a transcript, or to go on in it, that somebody else could have written: it and its folder belong to
 * somebody who is trusted, nobody else may write them, and neither is a link or a second name of a file elsewhere.
 */
export const demandOwnRun = (stateDir: string, run: string): void => {
  const journal = journalOf(stateDir, run)
  for (const path of [dirname(journal), journal]) {
    const stat = lookAt(path)
    if (!stat) continue
    const fact = `the transcript of ${run} is its owner’s alone`
    if (stat.isSymbolicLink())
      throw unmet(
        fact,
        `${path} is a link`,
        typed`see where it leads: ls -ld ${path}; where that is what was written, put it there itself`,
      )
    if (stat.isFile() && stat.nlink > 1)
      throw unmet(
        fact,
        `${path} has ${stat.nlink} names: by another it can be written too`,
        typed`give it one of its own: cp -p ${path} ${path}.own && mv ${path}.own ${path}`,
      )
    const stranger = strangerOwning(path) ?? writers(path, stat)
    if (stranger) throw unmet(fact, stranger.what, stranger.remedy)
  }
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
