import { Failed, type Look, reads, readsFile, unmet } from '../runbook/index.ts'
import { incomingObjects } from './code/incoming-objects.ts'

export interface IncomingFile {
  readonly text: string
  readonly from: 'incoming revision' | 'working tree'
}
interface Missing {
  readonly missing: string
}

/**
 * A text file as it will be when its step's turn has come: in a plan the code has not been pulled yet, so it is
 * read out of the revision that will be. `path` is relative to the application's folder.
 */
export const incomingFile = async (at: Look, path: string): Promise<IncomingFile> => {
  const found = await find(at, path)
  if ('text' in found) return found
  const { dir } = at.env.app
  throw unmet(
    `the file ${path} is there`,
    found.missing,
    `correct the path in the book; it is relative to ${dir}`,
  )
}

/** Its text only, and undefined where it is not there. */
export const incomingTextIfThere = async (at: Look, path: string): Promise<string | undefined> => {
  const found = await find(at, path)
  return 'text' in found ? found.text : undefined
}

const find = async (at: Look, path: string): Promise<IncomingFile | Missing> => {
  const incoming = await inRevision(at, path)
  if (incoming) return incoming
  const here = await at.attempt(readsFile(path))
  if (here.ok) return { text: here.value, from: 'working tree' }
  if (here.failure.kind !== 'file-failed' || here.failure.code !== 'ENOENT') throw new Failed(here.failure)
  const where = at.revision ? `neither in the revision ${at.revision.to.slice(0, 7)} nor in` : 'not in'
  return { missing: `${where} ${at.env.app.dir}` }
}

/** Undefined where the working tree is what counts: the revision is there already, or does not track the file. */
const inRevision = async (at: Look, path: string): Promise<IncomingFile | Missing | undefined> => {
  const { revision } = at
  if (!revision || path.startsWith('/')) return undefined
  const head = await at.see(reads('git', 'rev-parse', 'HEAD'))
  if (head === revision.to) return undefined
  const env = await incomingObjects(at, revision.to)
  const read = reads('git', 'cat-file', '--batch', '--follow-symlinks')
  const name = /[\r\n]/.test(path) ? await idOf(at, revision.to, path, env) : `${revision.to}:./${path}`
  const printed = name === undefined ? '' : await at.see({ ...read, env, input: `${name}\n` })
  // Its header makes the text come through whole, with or without a line end of its own.
  const header = /^[0-9a-f]+ blob \d+\n/.exec(printed)?.[0]
  if (header) return { text: printed.slice(header.length), from: 'incoming revision' }
  const tracked = await at.attempt(reads('git', 'cat-file', '-e', `HEAD:./${path}`))
  return tracked.ok ? { missing: `the revision ${revision.to.slice(0, 7)} no longer has it` } : undefined
}

/** Of a file whose name has an end of a line in it, which `cat-file` would take for two; a link of such a name is not followed. */
const idOf = async (
  at: Look,
  revision: string,
  path: string,
  env: Record<string, string>,
): Promise<string | undefined> => {
  const listed = await at.see({
    ...reads('git', '--literal-pathspecs', 'ls-tree', '-z', revision, '--', path),
    env,
  })
  return /^100\d{3} blob ([0-9a-f]+)\t/.exec(listed)?.[1]
}
