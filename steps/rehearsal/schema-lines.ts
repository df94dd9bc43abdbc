import { type Catalogue, type Look, migrationTables, objectLines } from '../../runbook/index.ts'

/** A schema in lines that people can read; what extensions bring goes with their version. */
export const schemaLines = async ({ see }: Pick<Look, 'see'>): Promise<Catalogue<string[]>> =>
  Object.fromEntries(
    (await see(objectLines))
      .filter(({ among }) => among === 'schema' || among === 'partition')
      .map(({ object, lines }) => [object, lines]),
  )

/** A table that a migration tool has made for itself when it was first called: its undo leaves that there, empty. */
const ofItsOwn = new RegExp(
  `^(?:table|sequence|index) .+\\.(?:${migrationTables.join('|')})(?:_lock)?(?:_\\w+_seq|_\\w*key)? is new$`,
)
export const isOfMigrationTool = (difference: string): boolean => ofItsOwn.test(difference)
