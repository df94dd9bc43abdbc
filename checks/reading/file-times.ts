import { type Look, reads } from '../../runbook/index.ts'

export interface Newest {
  readonly files: number
  readonly path: string
  /** When it was last written; milliseconds. */
  readonly ms: number
}

/**
 * For each path, a file or a folder, how many files there are and which was written last; undefined where there is
 * none. Asked of node, because GNU's and BSD's `find` and `stat` have no common way to print a time.
 */
export const fileTimes = async <const Paths extends readonly (readonly string[])[]>(
  at: Look,
  folder: string,
  groups: Paths,
): Promise<{ [K in keyof Paths]: Newest | undefined }> => {
  const printed = await at.see({ ...reads('node', '-e', script, JSON.stringify(groups)), cwd: folder })
  return JSON.parse(printed).map((newest: Newest | null) => newest ?? undefined)
}

const script = `
const { lstatSync, readdirSync } = require('fs')
const newest = (paths) => {
  let files = 0, path, ms = -1
  const visit = (at) => {
    const stat = lstatSync(at, { throwIfNoEntry: false })
    if (stat?.isDirectory()) for (const name of readdirSync(at)) name === 'node_modules' || visit(at + '/' + name)
    else if (stat && ++files && stat.mtimeMs > ms) [path, ms] = [at, stat.mtimeMs]
  }
  paths.forEach(visit)
  return files ? { files, path, ms } : null
}
console.log(JSON.stringify(JSON.parse(process.argv[1]).map(newest)))`.trim()
