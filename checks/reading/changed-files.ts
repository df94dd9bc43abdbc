import { type Look, reads } from '../../runbook/index.ts'

export interface ChangedFiles {
  /** The commit that is checked out. */
  readonly head: string
  readonly paths: readonly ChangedFile[]
}
export interface ChangedFile {
  readonly path: string
  /** Of a merge that stands still. */
  readonly unmerged: boolean
}

// git's file watcher is a process that would stay.
const status = reads(
  ...(['git', '-c', 'core.fsmonitor=false', 'status', '--porcelain=v2', '--branch', '-z'] as const),
  ...['--untracked-files=no', '--ignore-submodules=untracked', '--no-renames'],
)

/** What git tracks and was changed, staged or not; what is only untracked in a submodule does not count. */
export const changedFiles = async ({ see }: Look, cwd?: string): Promise<ChangedFiles> => {
  let head = ''
  const paths: ChangedFile[] = []
  for (const record of (await see({ ...status, ...(cwd && { cwd }) })).split('\0')) {
    const [, oid] = /^# branch\.oid (.*)$/.exec(record) ?? []
    head = oid ?? head
    // `1 XY sub mH mI mW hH hI path`; an unmerged file has two columns more.
    const fields = record.split(' ')
    if (fields[0] === '1') paths.push({ path: fields.slice(8).join(' '), unmerged: false })
    if (fields[0] === 'u') paths.push({ path: fields.slice(10).join(' '), unmerged: true })
  }
  return { head, paths }
}
