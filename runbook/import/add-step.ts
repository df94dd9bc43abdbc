import type { DraftEntry } from './draft-book.ts'
import type { StepCall } from './known-commands.ts'
import { slug } from './slug.ts'

/** What one run does once, however often a page says it. */
const once = new Set([
  'pullCode',
  'installDependencies',
  'buildApp',
  'pm2Restart',
  'backupDatabase',
  'prismaMigrate',
  'prismaGenerate',
  'prismaReset',
  'runTests',
])

/** Adds a step to a part, or finds the same one there; says which. */
export const addStep = (entries: DraftEntry[], call: StepCall, name: string, ids: Set<string>): string => {
  const same = entries.find(
    (entry) =>
      entry.kind === 'step' &&
      once.has(call.factory) &&
      entry.call.factory === call.factory &&
      JSON.stringify(entry.call.options) === JSON.stringify(call.options),
  )
  if (same?.kind === 'step') return `the step ${same.id}, which stands there already`
  const kebab = call.factory.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const generic = call.factory === 'shell' || call.factory === 'manual'
  const long = [kebab, slug(name)].filter(Boolean).join('-')
  const candidates = [generic ? slug(name) : kebab, long]
  let id = candidates.find((candidate) => candidate && !ids.has(candidate))
  for (let i = 2; id === undefined; i++)
    if (!ids.has(`${candidates.at(-1)}-${i}`)) id = `${candidates.at(-1)}-${i}`
  ids.add(id)
  entries.push({ kind: 'step', id, call })
  return call.review || call.factory === 'shell' ? `the step ${id}, for review` : `the step ${id}`
}
