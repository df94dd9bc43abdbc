import { type Look, reads } from '../../runbook/index.ts'

/** A file, whatever it is called: a log that was moved away is known by its inode. */
export interface FileIdentity {
  readonly inode: string
}

/** Which file bears this name now, links followed; undefined where there is none, or it may not be looked at. */
export const fileIdentity = async ({ attempt }: Look, path: string): Promise<FileIdentity | undefined> => {
  const printed = await attempt(reads('ls', '-idL', '--', path))
  if (!printed.ok) return undefined
  const [inode = ''] = printed.value.trim().split(/\s+/)
  return { inode }
}

/** The name that a file has in the same folder now; undefined where it was deleted, packed or moved further. */
export const nameNow = async (
  { attempt }: Look,
  path: string,
  { inode }: FileIdentity,
): Promise<string | undefined> => {
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.'
  const found = await attempt(reads('find', `${folder}/`, '-maxdepth', '1', '-type', 'f', '-inum', inode))
  return found.ok ? found.value.split('\n').find(Boolean) : undefined
}
