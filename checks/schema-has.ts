import { defineCheck, fails, holds, quantity } from '../runbook/index.ts'
import { existing, nameOf, namesOf, type SchemaObject } from './reading/schema-objects.ts'

/** All of these exist: indexes, constraints, types and whatever else has a name. */
export const schemaHas = (objects: readonly SchemaObject[]) =>
  defineCheck({
    fact: `the schema has ${namesOf(objects)}`,
    remedy: 'apply the migration that creates what is missing',
    look: async ({ see }) => {
      const places = new Set((await see(existing(objects))).map(({ place }) => place))
      const missing = objects.filter((_, place) => !places.has(place)).map(nameOf)
      return missing.length
        ? fails(`missing: ${missing.join(', ')}`)
        : holds(`all ${quantity(objects.length, 'object')}`)
    },
  })
