import { defineCheck, fails, holds, readsFile, typed } from '../runbook/index.ts'
import { below, defaultPlace, installedPrisma, type PrismaPlace } from './reading/prisma-place.ts'

export interface ClientGenerated {
  /** Where the generator writes, relative to `in`. Default: what the schema says, else `node_modules/.prisma/client`. */
  output?: string | undefined
}

/** The generated client was made from the schema that is there now: it keeps a formatted copy of it. */
export const clientGenerated = (place: PrismaPlace = defaultPlace, { output }: ClientGenerated = {}) =>
  defineCheck({
    fact: 'the Prisma client was generated from the schema that is there now',
    remedy: typed`cd ${place.in} && npx prisma generate`,
    look: async (at) => {
      const schema = await at.attempt(readsFile(below(place.in, place.schema)))
      if (!schema.ok && !isFolder(schema.failure))
        return fails(`${below(place.in, place.schema)} is not there`)
      const folder =
        output ?? (schema.ok && outputIn(schema.value, place.schema)) ?? 'node_modules/.prisma/client'
      const copy = await at.attempt(readsFile(below(place.in, `${folder}/schema.prisma`)))
      if (schema.ok && copy.ok) {
        const { version } = await installedPrisma(at, place)
        return words(copy.value) === words(schema.value)
          ? holds(`${folder}, by Prisma ${version ?? 'unknown'}`)
          : fails(`${folder} was generated from another schema`)
      }
      // A schema in several files, or a generator that keeps no copy: only a generation of this very run counts.
      const done = at.performed('generate')
      return done ? holds(done) : fails(`${folder} has no copy of the schema`)
    },
  })

const isFolder = (failure: { kind: string; code?: string }): boolean => failure.code === 'EISDIR'

/** Formatting moves white space only. */
const words = (schema: string): string => schema.replace(/\s+/g, ' ').trim()

/** `output` of the client's generator, relative to the schema, made relative to `in`. */
const outputIn = (schema: string, file: string): string | undefined => {
  const generators = schema.match(/^\s*generator\s+\w+\s*\{[^}]*\}/gm) ?? []
  const client = generators.find((block) => /provider\s*=\s*"prisma-client(-js)?"/.test(block))
  const written = /^\s*output\s*=\s*"([^"]+)"/m.exec(client ?? '')?.[1]
  if (!written || written.startsWith('/')) return written
  const parts = file.split('/').slice(0, -1)
  for (const part of written.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}
