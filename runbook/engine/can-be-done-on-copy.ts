import { isAbsolute } from 'node:path'
import type { Action, Actions, Planned } from '../model/action.ts'
import { type Check, defineCheck, fails, holds, type Verdict } from '../model/check.ts'
import { BY_VARIABLES } from '../model/closed-network.ts'
import type { CopyPlace } from '../model/copy.ts'
import type { Environment } from '../model/environment.ts'
import { withNames } from '../model/print-action.ts'
import type { Known, Step } from '../model/step.ts'

/** Nothing that a step does on a copy can touch what is live: neither a command of it, nor a file or a request. */
export const canBeDoneOnCopy = (step: Step, place: CopyPlace, known: Known<any>): Check => {
  // What is filled in later is of the same kind.
  const planned = Object.values(step.actions(known) as Actions as Record<string, Planned>).map(withNames)
  return defineCheck({
    fact: 'what it does can be done on a copy, and nowhere else',
    remedy: '',
    look: async () => {
      const runs = planned.some(({ kind }) => kind === 'command')
      return reachesLive(planned) ?? (runs ? commandOn(step, place, known.env) : holds('it runs no command'))
    },
  })
}

const reachesLive = (planned: readonly Action[]): Verdict | undefined => {
  for (const one of planned) {
    if (one.kind === 'request' && one.effect === 'changes')
      return fails(`it sends ${one.method} ${one.url}, which the application that is live would answer`, {
        remedy: 'make a step of its own of the request',
      })
    if (one.kind === 'write-file' && isAbsolute(one.path))
      return fails(`it writes ${one.path}, of which there is one only`, {
        remedy: 'name the file by its place in the application’s folder',
      })
  }
  return undefined
}

const commandOn = ({ database }: Step, { dir, closing }: CopyPlace, { app }: Environment): Verdict => {
  if (dir === undefined)
    return fails(`${app.dir} is no git clone, or its host does not reach the copy`, {
      remedy: `make ${app.dir} a git clone: what is not under version control cannot be had twice`,
    })
  if ('asUser' in closing) return holds('its commands can reach nothing but the copy')
  if (database === BY_VARIABLES)
    return holds(
      `the book says that its commands know the database by their variables alone; nothing keeps them from the live one: ${closing.because}`,
    )
  return fails(`a command of it could find the live database, because ${closing.because}`, {
    remedy: `${closing.remedy}; or, where it knows the database by its variables alone, say so in the step: database: '${BY_VARIABLES}'`,
  })
}
