import { Failed, type Look, reads } from '../../runbook/index.ts'

export interface Listed {
  /** As `ls` shows it: `-` for a file, `d` for a folder, `l` for a link. */
  readonly kind: string
  /** `drwxr-xr-x`. */
  readonly mode: string
  readonly size: number
}

/** What `ls` says of one path, links followed unless `links` are to be told as such (`l`); undefined where there is nothing. */
export const listed = async (
  { attempt }: Look,
  path: string,
  { links = 'followed' }: { links?: 'followed' | 'told' } = {},
): Promise<Listed | undefined> => {
  const printed = await attempt(reads('ls', links === 'told' ? '-ldn' : '-ldnL', '--', path))
  if (!printed.ok) {
    const { failure } = printed
    if (failure.kind === 'command-failed' && /No such file|Not a directory/.test(failure.tail))
      return undefined
    throw new Failed(failure)
  }
  const [mode = '', , , , size = '0'] = printed.value.split(/\s+/)
  return { kind: mode.slice(0, 1), mode: mode.slice(0, 10), size: Number(size) }
}
