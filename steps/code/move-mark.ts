import { changes, type Look, type Revision, reads, readsFile, writesFile } from '../../runbook/index.ts'

/**
 * While git moves the working tree from one revision to another, a file in the git folder names both. A checkout that
 * is cut off leaves files of the new revision, an old HEAD and git's own lock; only with this can anybody, also from
 * another machine and without the transcript, tell them from somebody's work.
 */
export const markPath = ({ see }: Look): Promise<string> =>
  see(reads('git', 'rev-parse', '--git-path', 'RUNBOOK_MOVE'))

export const marks = (path: string, { from, to }: Revision) => writesFile(path, `${from}\n${to}\n`, 0o644)

export const unmarks = (path: string) => changes('rm', '-f', '--', path)

/** The move that was begun, and not seen to its end. */
export const readMark = async (at: Look): Promise<Revision | undefined> => {
  const read = await at.attempt(readsFile(await markPath(at)))
  if (!read.ok) return undefined
  const [from, to] = read.value.split('\n')
  return isId(from) && isId(to) ? { from, to } : undefined
}

const isId = (id: string | undefined): id is string => /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(id ?? '')
