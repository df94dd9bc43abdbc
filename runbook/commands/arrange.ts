import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { type Book, phase, stepsOf } from '../model/book.ts'
import { resolveEnvironment } from '../model/resolve-environment.ts'
import type { Step } from '../model/step.ts'
import type { Arrangement } from '../plan/plan.ts'
import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/** What a book, loaded from `path`, has for one of its environments. */
export const arrange = (book: Book, name: string, path: string): Arrangement => {
  const definition = Object.hasOwn(book.environments, name) ? book.environments[name] : undefined
  if (!definition) throw unknownEnvironment(name, Object.keys(book.environments))
  const env = resolveEnvironment(name, definition, dirname(path))
  const { entries } = phase('', book.deploy(env))
  const steps = entries.flatMap(stepsOf)
  return { book, env, entries, steps, fingerprint: fingerprintOf(steps) }
}

const unknownEnvironment = (name: string, known: readonly string[]): UsageError => {
  const meant = nearest(name, known)
  return new UsageError(
    `the book has no environment '${name}'; it has ${known.join(', ')}`,
    meant ? `did you mean ${meant}?` : 'name one of them',
  )
}

const fingerprintOf = (steps: readonly Step[]): string =>
  createHash('sha256')
    .update(JSON.stringify(steps.map(({ id, title, sort }) => [id, title, sort])))
    .digest('hex')
    .slice(0, 16)
