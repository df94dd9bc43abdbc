import type { Node, RangeVar } from 'libpg-query'
import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import type { ToLock } from '../../checks/reading/table-holders.ts'
import { type ColumnPromise, stringOf } from './column.ts'

/** What is certain of a file's statements before they run. JSON: it is frozen in the transcript. */
export type SqlEffects = {
  /** What comes to exist, in order. */
  adds: OnLine<SchemaObject>[]
  /** What is dropped, if it is there. */
  drops: OnLine<SchemaObject>[]
  /** What is gone in the end. */
  removes: SchemaObject[]
  /** What the file says of columns, by table. */
  columns: { schema: string; table: string; columns: { [name: string]: ColumnPromise } }[]
  /** Statements that leave no fact to look at. */
  unproven: SqlPlace[]
  /** Statements whose way back follows only from that of what they belong to, where they belong to anything. */
  oneWay: (SqlPlace & { with: SchemaObject[] })[]
  /** Tables that only their owner may alter. */
  alters: { schema: string; table: string }[]
  /** What is locked that was there before. */
  locks: ToLock[]
  /** The first statement that is not understood to the last: then nothing of the above is claimed, but for the locks. */
  underived: (SqlPlace & { because: string }) | null
}
export type SqlPlace = { line: number; words: string }
export type OnLine<T> = T & { line: number }
export type Name = { schema: string; name: string }

/** Keeps account of a file's statements in order, so that what it makes and alters again is judged by its end. */
export class Ledger {
  #effects: SqlEffects = {
    adds: [],
    drops: [],
    removes: [],
    columns: [],
    unproven: [],
    oneWay: [],
    alters: [],
    locks: [],
    underived: null,
  }

  /** `schema`: where names without one go. */
  constructor(
    public schema: string,
    public place: SqlPlace = { line: 1, words: '' },
  ) {}

  get effects(): SqlEffects {
    const { underived, locks } = this.#effects
    const columns = this.#effects.columns.filter((table) => Object.keys(table.columns).length)
    if (!underived) return { ...this.#effects, columns }
    const { line, words } = underived
    return {
      ...{ adds: [], drops: [], removes: [], columns: [], alters: [], locks, underived },
      unproven: [{ line, words }],
      oneWay: [{ line, words, with: [] }],
    }
  }

  /** Nothing is claimed of the file, because of the statement at this place. */
  givesUp(because: string): void {
    this.#effects.underived ??= { ...this.place, because }
  }

  add(object: SchemaObject): void {
    this.#effects.removes = this.#effects.removes.filter((one) => !isSame(one, object))
    this.makesMore()
    this.#effects.adds.push({ ...object, line: this.place.line })
  }

  drop(object: SchemaObject): void {
    const mine = this.has(object)
    this.forget((one) => isSame(one, object))
    this.#effects.removes.push(object)
    if (!mine) this.#effects.drops.push({ ...object, line: this.place.line })
  }

  /**
   * Something is made that may bring others along whose names the server chooses: an index with a constraint, a sequence
   * with a column, a type with a table. What was dropped may be there again under the same name.
   */
  makesMore(): void {
    this.#effects.removes = this.#effects.removes.filter(
      ({ kind }) => !['index', 'constraint', 'sequence', 'type'].includes(kind),
    )
  }

  get hasAny(): boolean {
    return this.#effects.adds.length > 0
  }

  /** Whether the file has made an index or a constraint on a table of that name. */
  hasOn(table: string): boolean {
    return this.#effects.adds.some(
      ({ kind, of }) => of === table && (kind === 'index' || kind === 'constraint'),
    )
  }

  /** An index that the file has made. */
  indexOf(name: string): SchemaObject | undefined {
    return this.#effects.adds.find((one) => one.kind === 'index' && one.name === name)
  }

  /** Whether the file itself has made it so far. */
  has(object: SchemaObject): boolean {
    return this.#effects.adds.some((one) => isSame(one, object))
  }

  forget(which: (one: SchemaObject) => boolean): void {
    this.#effects.adds = this.#effects.adds.filter((one) => !which(one))
  }

  promise(table: Name, column: string, promise: ColumnPromise): void {
    const columns = this.#columnsOf(table)
    columns[column] = { ...columns[column], ...promise }
  }

  forgetColumns(table: Name, column?: string): void {
    const columns = this.#columnsOf(table)
    for (const name of column === undefined ? Object.keys(columns) : [column]) delete columns[name]
  }

  alters({ schema, name: table }: Name): void {
    if (!this.#effects.alters.some((one) => one.schema === schema && one.table === table))
      this.#effects.alters.push({ schema, table })
  }

  locks({ schema, name: table }: Name, readers: boolean): void {
    if (this.has({ kind: 'table', schema, name: table })) return
    const same = (one: ToLock) => one.schema === schema && one.table === table
    const known = this.#effects.locks.find(same)
    this.#effects.locks = this.#effects.locks.filter((one) => !same(one))
    this.#effects.locks.push({ schema, table, readers: readers || !!known?.readers })
  }

  unproven(): void {
    this.#effects.unproven.push(this.place)
  }

  oneWay(belongsTo: readonly SchemaObject[]): void {
    this.#effects.oneWay.push({ ...this.place, with: belongsTo.filter((one) => this.has(one)) })
  }

  name({ schemaname, relname }: RangeVar): Name {
    return { schema: schemaname ?? this.schema, name: relname! }
  }

  nameIn(parts: readonly Node[]): Name {
    const names = parts.map((part) => stringOf(part) ?? '')
    return { schema: names.at(-2) ?? this.schema, name: names.at(-1)! }
  }

  #columnsOf({ schema, name: table }: Name): { [name: string]: ColumnPromise } {
    const known = this.#effects.columns.find((one) => one.schema === schema && one.table === table)
    if (known) return known.columns
    const added = { schema, table, columns: {} }
    this.#effects.columns.push(added)
    return added.columns
  }
}

/** An index has a name of its own in its schema: DROP INDEX does not say of which table it is. */
export const isSame = (one: SchemaObject, other: SchemaObject): boolean =>
  one.kind === other.kind &&
  one.schema === other.schema &&
  (one.kind === 'index' || one.of === other.of) &&
  one.name === other.name
