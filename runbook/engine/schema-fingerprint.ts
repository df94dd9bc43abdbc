import { hashOf } from '../journal/journal-file.ts'
import { definitionDigests } from '../model/catalogue.ts'
import type { SchemaFingerprint } from '../model/ledger.ts'
import type { Look } from '../model/look.ts'

/** So many objects are told one by one; of more only the sum. */
const MOST = 300

/** The schema of the environment's database as it is now; undefined where there is none, or where it does not answer. */
export const schemaFingerprint = async ({ env, attempt }: Look): Promise<SchemaFingerprint | undefined> => {
  if (!env.database) return undefined
  const asked = await attempt(definitionDigests)
  if (!asked.ok) return undefined
  const objects = Object.fromEntries(asked.value.map(({ object, digest }) => [object, digest]))
  const sum = hashOf(JSON.stringify(objects)).slice(0, 16)
  return asked.value.length > MOST ? { sum } : { sum, objects }
}
