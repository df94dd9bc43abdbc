import { fileSize, type LogPosition, nameOf } from '../../checks/reading/log-lines.ts'
import { bytes, type Evidence, readsFile } from '../../runbook/index.ts'

/** How much of the end of a log is wanted. Bytes. */
const MOST = 128 * 1024

/** What logs have got since these positions, each in a file of its own. */
export const logEvidence = (logs: readonly LogPosition[]): Evidence[] =>
  logs.map(({ path, from }) => ({
    file: `logs/${nameOf(path)}`,
    about: `the end of ${path}, since before the run`,
    collect: async (at) => {
      const size = await fileSize(at, path)
      if (size === undefined) return `There is no ${path}.\n`
      const start = Math.max(size < from ? 0 : from, size - MOST)
      if (start === size) return `Nothing was written to ${path} since.\n`
      const rotated = size < from ? 'It is shorter than it was: it was rotated or emptied.\n' : ''
      return `${path}, ${bytes(size - start)} of ${bytes(size)}:\n${rotated}${await at.see(readsFile(path, start))}`
    },
  }))
