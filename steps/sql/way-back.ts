import type { SchemaObject } from '../../checks/reading/schema-objects.ts'
import { isSame, type OnLine, type SqlEffects, type SqlPlace } from './ledger.ts'

/** What there is to take back, knowing what was there before. */
export interface WayBack {
  /** What the file makes that was not there. */
  readonly added: OnLine<SchemaObject>[]
  /** What does not come back by dropping that. */
  readonly lost: SqlPlace[]
}

/** `had`: of adds and drops together, which existed when the step looked, by their places. */
export const wayBack = ({ adds, drops, oneWay }: SqlEffects, had: readonly number[]): WayBack => {
  const there = new Set(had)
  const added = adds.filter((_, place) => !there.has(place))
  const isNew = (object: SchemaObject) => added.some((one) => isSame(one, object))
  const dropped = drops.filter((_, place) => there.has(adds.length + place))
  return {
    added: added.filter(({ kind }) => kind !== 'value'),
    lost: [
      ...oneWay.filter((place) => !(place.with.length && place.with.every(isNew))),
      ...dropped.map(({ line, kind, name }) => ({ line, words: `drops ${kind} ${name}` })),
      ...added
        .filter(({ kind, schema, of }) => kind === 'value' && !isNew({ kind: 'type', schema, name: of! }))
        .map(({ line, name }) => ({ line, words: `adds the value '${name}' to an enum` })),
    ].sort((a, b) => a.line - b.line),
  }
}
