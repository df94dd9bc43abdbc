import { Failed, type Look, reads, readsFile, unmet } from '../runbook/index.ts'
import { incomingObjects } from './incoming-objects.ts'

export interface IncomingFile {
  readonly text: string
  readonly from: 'incoming revision' | 'working tree'
}

/**
 * A text file as it will be when its step's turn has come: in a plan the code has not been pulled yet, so it is
 * read out of the revision that will be. `path` is relative to the application's folder.
 */
export const incomingFile = async (at: Look, path: string): Promise<IncomingFile> => {
  const incoming = await incomingText(at, path)
  if (incoming !== undefined) return { text: incoming, from: 'incoming revision' }
  const here = await at.attempt(readsFile(path))
  if (here.ok) return { text: here.value, from: 'working tree' }
  if (here.failure.kind !== 'file-failed' || here.failure.code !== 'ENOENT') throw new Failed(here.failure)
  const where = at.revision ? `neither in the revision ${at.revision.to.slice(0, 7)} nor in` : 'not in'
  throw unmet(
    `the file ${path} is there`,
    `${where} ${at.env.app.dir}`,
    `correct the path in the book; it is relative to ${at.env.app.dir}`,
  )
}

/** Undefined where the working tree is what counts: the revision is there already, or does not track the file. */
const incomingText = async (at: Look, path: string): Promise<string | undefined> => {
  const { revision } = at
  if (!revision || path.startsWith('/') || /[\r\n]/.test(path)) return undefined
  const head = await at.see(reads('git', 'rev-parse', 'HEAD'))
  if (head === revision.to) return undefined
  const env = await incomingObjects(at, revision.to)
  const spec = `${revision.to}:./${path}`
  // Its header makes the text come through whole, with or without a line end of its own.
  const printed = await at.see({
    ...reads('git', 'cat-file', '--batch', '--follow-symlinks'),
    env,
    input: `${spec}\n`,
  })
  const [header] = printed.split('\n', 1)
  if (/^[0-9a-f]+ blob \d+$/.test(header ?? '')) return printed.slice(header!.length + 1)
  const tracked = await at.attempt(reads('git', 'cat-file', '-e', `HEAD:./${path}`))
  if (!tracked.ok) return undefined
  throw unmet(
    `the file ${path} is there`,
    `the revision ${revision.to.slice(0, 7)} no longer has it`,
    'correct the path in the book',
  )
}
