import { type Build, builtSince, timesOf } from '../../checks/build-newer-than-sources.ts'
import { workingTree } from '../../checks/reading/package-manager.ts'
import { defineCheck, fails, holds, type Look, quantity, reads, writesFile } from '../../runbook/index.ts'

/** What is written down of a build that ended well. */
export interface BuildRecord {
  /** The commit; null outside of a clone. */
  readonly revision: string | null
  /** As it was performed. */
  readonly command: string
}

/**
 * Where it is written down: in the folder that tools keep their caches in, so that a fresh installation forgets it.
 * Times alone cannot tell that a build ended well: a compiler that fails has often written half of its files.
 */
const pathOf = ({ folder, out }: Required<Build>): string =>
  `${folder}/node_modules/.cache/runbook/build-${out.replace(/[^\w.-]+/g, '-')}.json`

export const writesRecord = (build: Required<Build>, record: BuildRecord) => {
  const content = `${JSON.stringify(record)}\n`
  return { ...writesFile(pathOf(build), content, 0o644), shows: content.trim() }
}

/** The commit that a build would be of. */
export const revisionToBuild = async ({ revision, attempt }: Look): Promise<string | null> => {
  if (revision) return revision.to
  const head = await attempt(reads('git', 'rev-parse', '--verify', '--quiet', 'HEAD'))
  return head.ok ? head.value : null
}

/** The last build ended well, was of this revision, by this command, and nothing was written since. */
export const builtFromRevision = (build: Required<Build>, command: string) =>
  defineCheck({
    fact: `${build.folder === '.' ? '' : `${build.folder}/`}${build.out} was built from the revision that is deployed`,
    remedy: 'deploy again, which builds',
    look: async (at) => {
      const { revision } = at
      if (revision && revision.from !== revision.to && !at.performed('build'))
        return fails(`the revision changes to ${revision.to.slice(0, 7)}`)
      const record = recordIn(await workingTree(at, pathOf(build)))
      if (!record) return fails('no build that ended well is on record')
      const wanted = await revisionToBuild(at)
      if (record.revision !== wanted) return fails(`the last build was of ${short(record.revision)}`)
      if (record.command !== command) return fails(`the last build was by ${record.command}`)
      const path = pathOf(build).slice(build.folder.length + 1)
      const times = await timesOf(at, build, path)
      const stands = builtSince(build, times)
      if (!stands.holds) return stands
      const [built, made, recorded] = times
      const later = [built, made].find((newest) => newest && recorded && newest.ms > recorded.ms)
      if (later) return fails(`${later.path} was written after the last build`)
      return holds(`${quantity(built?.files ?? 0, 'file')}, built from ${short(wanted)}`)
    },
  })

const recordIn = (json: string | undefined): BuildRecord | undefined => {
  try {
    return json === undefined ? undefined : (JSON.parse(json) as BuildRecord)
  } catch {
    return undefined
  }
}

const short = (revision: string | null): string => revision?.slice(0, 7) ?? 'no revision'
