import { defineCheck, fails, holds, type Look, quantity, typed, type Verdict } from '../runbook/index.ts'
import { fileTimes, type Newest } from './reading/file-times.ts'

export interface Build {
  /** The folder of package.json. Default: the application's. */
  folder?: string
  /** What the build writes: a folder or a file. Default: dist. */
  out?: string
  /** What it is made from: files and folders. Default: `defaultSources`. */
  sources?: readonly string[]
}
export const defaultSources = ['src', 'package.json', 'tsconfig.json'] as const

/**
 * What the build writes was last written after the last change of its sources. It is the newest of the written files
 * that counts: a compiler that works incrementally leaves the others alone.
 */
export const buildNewerThanSources = ({ folder = '.', out = 'dist', sources = defaultSources }: Build = {}) =>
  defineCheck({
    fact: `${folder === '.' ? '' : `${folder}/`}${out} is newer than its sources`,
    remedy: 'build it',
    look: async (at) => {
      const build = { folder, out, sources }
      return builtSince(build, await timesOf(at, build))
    },
  })

/** Whether the build stands, with what it is newer than. */
export const builtSince = (
  { folder, out, sources }: Required<Build>,
  [built, made]: readonly (Newest | undefined)[],
): Verdict => {
  const remedy = typed`build it, and see what it writes: ls -lt ${folder}/${out}; where it writes elsewhere, correct \`out\``
  if (!made)
    return fails(`none of its sources is there: ${sources.join(', ')}`, { remedy: 'correct `sources`' })
  if (!built) return fails(`nothing in ${out}`, { remedy })
  const between = Math.abs(built.ms - made.ms) / 1000
  const gap = between < 10 ? `${between.toFixed(1)} s` : spoken(Math.round(between))
  const files = quantity(built.files, 'file')
  return built.ms >= made.ms
    ? holds(`${files}, ${built.path} ${gap} newer than ${made.path}`)
    : fails(`${made.path} is ${gap} newer than the newest of ${files}, ${built.path}`, { remedy })
}

/** The newest of what was built, of its sources, and of further files. */
export const timesOf = (at: Look, { folder, out, sources }: Required<Build>, ...more: string[]) =>
  fileTimes(at, folder, [[out], sources, more] as const)

const spoken = (seconds: number): string => {
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} days`
}
