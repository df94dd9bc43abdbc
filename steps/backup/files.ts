import { type Look, manifestOf, reads } from '../../runbook/index.ts'

/** A dump bears its final name only once it has been proven. */
export const backupFiles = ({ backups, stamp }: Omit<Look['run'], 'copies'>, environment: string) => {
  const dump = `${backups}/${environment}-${stamp}.dump`
  return { dump, partial: `${dump}.partial`, manifest: manifestOf(dump) }
}

/** Of a dump, whose path is absolute. */
export const folderOf = (dump: string): string => dump.slice(0, dump.lastIndexOf('/')) || '/'
export const nameOf = (dump: string): string => dump.slice(dump.lastIndexOf('/') + 1)

/** Where a dump that is a stream is unpacked for the time of a restore. */
export const unpackedOf = (dump: string): string => `${dump}.unpacked`

/** What earlier backups and restores of this environment left in a folder when they were killed. */
export const leftovers = async ({ attempt, env }: Look, folder: string): Promise<string[]> => {
  const listed = await attempt(reads('ls', '-1', '--', folder))
  if (!listed.ok) return []
  return listed.value
    .split('\n')
    .filter(
      (file) =>
        file.startsWith(`${env.name}-`) &&
        /^\d{8}T\d{6}Z\.dump\.(partial|unpacked)$/.test(file.slice(env.name.length + 1)),
    )
    .map((file) => `${folder}/${file}`)
}
