import { defineCheck, fails, holds, type Look, reads, typed } from '../runbook/index.ts'
import { listed } from './reading/listed.ts'

/** There is a folder of this name, in which files can be made. */
export const folderWritable = (path: string) =>
  defineCheck({
    fact: `files can be made in the folder ${path}`,
    remedy: typed`make it for whoever logs in there: install -d -m 700 -o "$USER" ${path}`,
    look: async (at) => {
      const entry = await listed(at, path)
      if (!entry) return fails('there is nothing of this name')
      if (entry.kind !== 'd')
        return fails('it is a file', { remedy: typed`ls -l ${path}, and correct the path` })
      return (await mayWrite(at, path)) ? holds(entry.mode) : fails(`${await who(at)} may not`)
    },
  })

const mayWrite = async ({ attempt }: Look, path: string): Promise<boolean> =>
  (await attempt(reads('test', '-w', path))).ok

const who = ({ see }: Look): Promise<string> => see(reads('id', '-un'))
