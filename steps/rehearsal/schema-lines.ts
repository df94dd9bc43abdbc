import { type Catalogue, type Look, objectLines } from '../../runbook/index.ts'

/** A schema in lines that people can read; what extensions bring goes with their version. */
export const schemaLines = async ({ see }: Pick<Look, 'see'>): Promise<Catalogue<string[]>> =>
  Object.fromEntries(
    (await see(objectLines))
      .filter(({ among }) => among === 'schema' || among === 'partition')
      .map(({ object, lines }) => [object, lines]),
  )
