import { defineCheck, fails, holds, type Look } from '../../runbook/index.ts'
import { noGitLock } from './git-locks.ts'
import { readMark } from './move-mark.ts'

/** The move of the code came to its end: nothing says that it goes on, and no lock of it is left. */
export const nothingLeft = () =>
  defineCheck({
    fact: 'the checkout came to its end',
    remedy: 'deploy again, or roll back: what it left is put in order',
    look: async (at: Look) => {
      const mark = await readMark(at)
      if (mark) return fails(`it was begun, between ${mark.from.slice(0, 7)} and ${mark.to.slice(0, 7)}`)
      const locks = await noGitLock().look(at)
      return locks.holds ? holds('nothing of it is left') : locks
    },
  })
