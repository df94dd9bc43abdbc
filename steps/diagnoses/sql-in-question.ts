import { standNow } from '../../checks/reading/prisma-migrations.ts'
import { migrationsFolder, type PrismaPlace } from '../../checks/reading/prisma-place.ts'
import { databaseOf, holds, type Look, type Verdict } from '../../runbook/index.ts'
import { incomingFile } from '../incoming-file.ts'
import { incomingMigrations } from '../prisma/incoming-migrations.ts'
import { effectsOfMigrations } from '../prisma/migration-effects.ts'
import { effectsOf } from '../sql/effects.ts'
import type { SqlEffects } from '../sql/ledger.ts'
import { whyOf } from '../sql/refuse.ts'
import { parseSqlScript } from '../sql/script.ts'

/** SQL that is to be applied, or was, and what is certain of it. */
export interface SqlInQuestion {
  /** How it is named in a sentence. */
  readonly name: string
  effects(at: Look): Promise<SqlEffects>
}

/** Nothing is said of SQL of which nothing is certain: a guess about it has done harm. */
export const cannotTell = ({ underived }: SqlEffects): Verdict =>
  holds(`cannot be told: what it does is not derived from its SQL. ${underived ? whyOf(underived) : ''}`)

/** Of one file of the application. */
export const sqlOfFile = (file: string): SqlInQuestion => ({
  name: file,
  effects: async (at) => {
    const { statements } = await parseSqlScript((await incomingFile(at, file)).text)
    return effectsOf(statements, databaseOf(at.env).schema)
  },
})

/** Of the migrations that wait to be applied. */
export const sqlOfMigrations = (place: PrismaPlace): SqlInQuestion => ({
  name: 'the migration that waits',
  effects: async (at) => {
    const { pending } = await standNow(at, migrationsFolder(place), incomingMigrations)
    return (await effectsOfMigrations(pending, databaseOf(at.env).schema)).effects
  },
})
