import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import { existing, nameOf, namesOf, type SchemaObject } from './reading/schema-objects.ts'

/** None of these exists, such as after the way back. */
export const schemaLacks = (objects: readonly SchemaObject[]) =>
  defineCheck({
    fact: `the schema does not have ${namesOf(objects)}`,
    remedy: 'look at what is still there, and at who made it, before anything is dropped: psql’s \\d',
    look: async ({ see }) => {
      const there = (await see(existing(objects))).map(({ place }) => nameOf(objects[place]!))
      return there.length
        ? fails(`still there: ${there.join(', ')}`)
        : holds(`none of ${quantity(objects.length, 'object')}`)
    },
  })
