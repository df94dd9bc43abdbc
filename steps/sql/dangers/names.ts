import type { Node, RangeVar } from 'libpg-query'
import { stringOf } from '../column.ts'

/** As the file writes it. */
export const nameOf = ({ schemaname, relname = '' }: RangeVar): string =>
  schemaname ? `${schemaname}.${relname}` : relname

/** What a DROP names. */
export const droppedBy = (objects: readonly Node[]): RangeVar[] =>
  objects.map((object) => {
    const parts =
      'List' in object ? object.List.items : 'TypeName' in object ? object.TypeName.names : [object]
    const names = (parts ?? []).map((part) => stringOf(part) ?? '')
    return { relname: names.at(-1)!, ...(names.length > 1 && { schemaname: names.at(-2)! }) }
  })
