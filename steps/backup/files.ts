import { type Look, manifestOf, reads } from '../../runbook/index.ts'

/** A dump bears its final name only once it has been proven. */
export const backupFiles = ({ backups, stamp }: Look['run'], environment: string) => {
  const dump = `${backups}/${environment}-${stamp}.dump`
  return { dump, partial: `${dump}.partial`, manifest: manifestOf(dump) }
}

/** Where a dump that is a stream is unpacked for the time of a restore. */
export const unpackedOf = (dump: string): string => `${dump}.unpacked`

/** What earlier backups and restores of this environment left behind when they were killed. */
export const leftovers = async ({ attempt, env, run }: Look): Promise<string[]> => {
  const listed = await attempt(reads('ls', '-1', '--', run.backups))
  if (!listed.ok) return []
  return listed.value
    .split('\n')
    .filter(
      (file) =>
        file.startsWith(`${env.name}-`) &&
        /^\d{8}T\d{6}Z\.dump\.(partial|unpacked)$/.test(file.slice(env.name.length + 1)),
    )
    .map((file) => `${run.backups}/${file}`)
}
