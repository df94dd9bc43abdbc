import { type Catalogue, changedObjects, few, type Look, objectDigests } from '../../runbook/index.ts'

/** The whole schema as it is now: what was taken away and made again is the same. */
export const schemaShape = async ({ see }: Pick<Look, 'see'>): Promise<Catalogue> =>
  Object.fromEntries((await see(objectDigests)).map(({ object, digest }) => [object, digest]))

/** The objects that another moment has otherwise, and how it has them; null: not at all. */
export type Left = { [object: string]: string | null }
export const leftOf = (before: Catalogue, after: Catalogue): Left =>
  Object.fromEntries(changedObjects(before, after).map((object) => [object, after[object] ?? null]))

/** 'changed table public.deal, type public.stage': by PostgreSQL's word, whatever the SQL says. */
export const changedText = (left: Left, most = 8): string => {
  const objects = few(Object.keys(left), most)
  return objects ? `changed ${objects}` : 'nothing that can be seen in the schema'
}

/** Which object of the shape something belongs to. */
export const shapeKeyOf = (one: { kind: string; schema: string; name: string; of?: string }): string => {
  const named = (kind: string, name: string) => `${kind} ${one.schema}.${name}`
  if (one.kind === 'column' || one.kind === 'constraint') return named('table', one.of ?? '')
  if (one.kind === 'value') return named('type', one.of ?? '')
  return one.schema ? named(one.kind, one.name) : `${one.kind} ${one.name}`
}
