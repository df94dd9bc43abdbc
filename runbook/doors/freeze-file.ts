import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { Failed } from '../model/failure.ts'
import type { WhoElse } from '../model/who.ts'

/** Why an environment is locked on purpose, and by whom. */
export interface Freeze extends WhoElse {
  operator: string
  machine: string
  since: string
  reason: string
}

/** What the file says; undefined where there is none. One that cannot be understood freezes too. */
export const readFreeze = (path: string): Freeze | undefined =>
  telling(path, () => {
    try {
      return asFreeze(readFileSync(path, 'utf8'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  })

/** Writes it whole, or gives the one that is there already. */
export const writeFreeze = (path: string, freeze: Freeze): Freeze | undefined =>
  telling(path, () => {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    const draft = `${path}.${process.pid}`
    writeFileSync(draft, JSON.stringify(freeze), { mode: 0o600, flush: true })
    try {
      linkSync(draft, path)
      return undefined
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
      return asFreeze(readFileSync(path, 'utf8'))
    } finally {
      rmSync(draft, { force: true })
    }
  })

export const removeFreeze = (path: string): void => telling(path, () => rmSync(path, { force: true }))

const asFreeze = (text: string): Freeze => {
  const unknown = { operator: 'unknown', machine: 'unknown', since: 'unknown', reason: 'it is not readable' }
  return parseFreeze(text) ?? unknown
}

export const parseFreeze = (text: string): Freeze | undefined => {
  try {
    const value = JSON.parse(text)
    const texts = [value.operator, value.machine, value.since, value.reason]
    return texts.every((each) => typeof each === 'string') ? value : undefined
  } catch {
    return undefined
  }
}

const telling = <T>(path: string, work: () => T): T => {
  try {
    return work()
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    throw new Failed({ kind: 'file-failed', path, code, message })
  }
}
