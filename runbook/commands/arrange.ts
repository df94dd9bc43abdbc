import { createHash } from 'node:crypto'
import { dirname } from 'node:path'
import { arrangeRemedy } from '../engine/arrange-remedy.ts'
import { type Book, phase, stepsOf } from '../model/book.ts'
import { MENDS } from '../model/diagnosis.ts'
import type { Environment } from '../model/environment.ts'
import { resolveEnvironment } from '../model/resolve-environment.ts'
import { whyNoRevision } from '../model/revision-name.ts'
import { typed } from '../model/shell-word.ts'
import type { Step } from '../model/step.ts'
import { diagnosesOf, mendedBy, mendingOf } from '../plan/diagnoses-of.ts'
import type { Arrangement } from '../plan/plan.ts'
import { withRehearsal } from '../plan/with-rehearsal.ts'
import { visible } from '../render/visible.ts'
import { nearest } from './nearest.ts'
import { UsageError } from './usage-error.ts'

/**
 * What a book, loaded from `path`, has for one of its environments; without a procedure: what `deploy` gives. The remedies
 * of its diagnoses are procedures too. `revision`: what is deployed, in place of what the book says.
 */
export const arrange = (
  book: Book,
  name: string,
  path: string,
  { procedure, revision }: { procedure?: string | undefined; revision?: string | undefined } = {},
): Arrangement => {
  const definition = Object.hasOwn(book.environments, name) ? book.environments[name] : undefined
  if (!definition) throw unknownEnvironment(name, Object.keys(book.environments))
  const env = withRevision(resolveEnvironment(name, definition, dirname(path)), revision)
  if (procedure?.startsWith(MENDS)) return remedyOf(arrange(book, name, path, { revision }), procedure)
  const give = procedure === undefined ? book.deploy : procedureOf(book, procedure)
  const entries = withRehearsal(phase('', give.call(book, env)).entries, env)
  const steps = entries.flatMap(stepsOf)
  return { book, env, entries, steps, ...(procedure && { procedure }), fingerprint: fingerprintOf(steps) }
}

/** What was named on the command line would otherwise count for nothing, without a word. */
export const demandRevisionTaken = (arrangement: Arrangement, revision: string | undefined): Arrangement => {
  const { steps, procedure = 'deploy' } = arrangement
  if (revision === undefined || steps.some(({ takesRevision }) => takesRevision)) return arrangement
  throw new UsageError(
    `--revision ${revision}: no step of ${procedure} checks a revision out`,
    'leave it out, or have the book move the code: pullCode()',
  )
}

const withRevision = (env: Environment, revision: string | undefined): Environment => {
  if (revision === undefined) return env
  const why = whyNoRevision(revision)
  if (why)
    throw new UsageError(`--revision ${visible(revision)}: ${why}`, 'name a tag or a commit that was pushed')
  return { ...env, app: { ...env.app, revision } }
}

const remedyOf = (deploy: Arrangement, procedure: string): Arrangement => {
  const diagnosis = mendedBy(procedure, deploy)
  if (diagnosis) {
    const remedy = arrangeRemedy(deploy, diagnosis)
    return { ...remedy, fingerprint: fingerprintOf(remedy.steps) }
  }
  const known = diagnosesOf(deploy).flatMap((one) => mendingOf(one) ?? [])
  const meant = nearest(procedure, known)
  throw new UsageError(
    `the book has no remedy '${procedure}' for ${deploy.env.name}; it has ${known.join(', ') || 'none'}`,
    meant ? `did you mean ${meant}?` : typed`see what is the matter: runbook diagnose ${deploy.env.name}`,
  )
}

/** A procedure of the book by its name. */
export const procedureOf = ({ procedures = {} }: Book, name: string): Book['deploy'] => {
  if (Object.hasOwn(procedures, name)) return procedures[name]!
  const known = Object.keys(procedures)
  if (name === 'deploy')
    throw new UsageError('`deploy` is a command of its own', 'type: runbook deploy <env>')
  if (known.length === 0)
    throw new UsageError(
      `the book has no procedure '${name}', nor any other than deploy`,
      `write it: procedures: { ${name}: (env) => [steps] }`,
    )
  const meant = nearest(name, known)
  throw new UsageError(
    name
      ? `the book has no procedure '${name}'; it has ${known.join(', ')}`
      : `it does not say which procedure; the book has ${known.join(', ')}`,
    name && meant ? `did you mean ${meant}?` : 'name one of them: runbook run <name> <env>',
  )
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
