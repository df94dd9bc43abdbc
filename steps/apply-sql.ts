import { z } from 'zod'
import { databaseAnswers } from '../checks/database-answers.ts'
import { existing } from '../checks/reading/schema-objects.ts'
import { leftOf, schemaShape } from '../checks/reading/schema-shape.ts'
import { roleMay } from '../checks/role-may.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { noLongTransaction } from '../checks/tables-free.ts'
import {
  type Check,
  databaseOf,
  defineStep,
  early,
  factory,
  forwardOnly,
  nothingToUndo,
  quantity,
  type Statement,
  transaction,
  within,
} from '../runbook/index.ts'
import { noRelation } from './diagnoses/no-relation.ts'
import { notApplied } from './diagnoses/not-applied.ts'
import { otherColumn } from './diagnoses/other-column.ts'
import { partlyMade } from './diagnoses/partly-made.ts'
import { sqlOfFile } from './diagnoses/sql-in-question.ts'
import { wrongDatabaseUrl } from './diagnoses/wrong-database-url.ts'
import { postgresqlEvidence } from './evidence/postgresql.ts'
import { incomingFile } from './incoming-file.ts'
import { dangersOf } from './sql/dangers/dangers-of.ts'
import { effectsOf } from './sql/effects.ts'
import { factsOf } from './sql/facts.ts'
import { refuseMistakes, refuseUnproven, whyOf } from './sql/refuse.ts'
import { dropsOf } from './sql/reverse.ts'
import { parseSqlScript } from './sql/script.ts'
import { retryLocked, settingsOf } from './sql/settings.ts'
import { takesBack } from './sql/take-back.ts'
import { wayBack } from './sql/way-back.ts'
import { waitsFor, whenFree } from './sql/when-free.ts'

export const applySql = factory(
  'apply-sql',
  {
    /** An SQL file, relative to the application's folder; of the revision that is deployed. */
    file: z.string().min(1).describe("an SQL file, relative to the application's folder"),
    /** The way back, as a file or `{ sql }`. Default: derived, where the file only adds. */
    reverse: z
      .union([z.string().min(1), z.strictObject({ sql: z.string().min(1) })])
      .optional()
      .describe('the way back, as a file or { sql }; default: derived, where the file only adds'),
    /** How long a statement may wait for a lock, in ms; readers queue behind it meanwhile. Default: 50. */
    lockTimeout: z
      .int()
      .positive()
      .default(50)
      .describe('how long a statement may wait for a lock, in ms; readers queue behind it meanwhile'),
    /** How long it waits altogether for tables that others hold, in ms; nobody queues meanwhile. Default: 60000. */
    patience: z
      .int()
      .positive()
      .default(60_000)
      .describe('how long it waits altogether for tables that others hold, in ms; nobody queues meanwhile'),
    /** How long one statement may take, in ms. Default: 600000. */
    statementTimeout: z.int().positive().default(600_000).describe('how long one statement may take, in ms'),
    /** Whether facts are derived from the SQL, besides those in `after`. Default: true; false where a later file alters the same columns again. */
    derive: z
      .boolean()
      .default(true)
      .describe(
        'whether facts are derived from the SQL besides those in `after`; false where a later file alters the same again',
      ),
  },
  ({ file, reverse, lockTimeout, patience, statementTimeout, derive, after: given = [] }) => {
    const settings = settingsOf({ lockTimeout, statementTimeout })
    const runs = (statements: readonly Statement[], schema: string) => ({
      ...transaction(statements, settings(schema)),
      // The server ends a single statement; a minute later this ends what a server that is gone does not.
      timeout: statements.length * statementTimeout + 60_000,
      tells: true as const,
    })
    return defineStep({
      id: 'apply-sql',
      title: `Apply ${file}`,
      about:
        'Runs an SQL file as one transaction: all of it, or nothing. Its own BEGIN and COMMIT are understood; what ' +
        'cannot run in a transaction is refused with its line before anything starts, and an error shows the line of ' +
        'the file. Done means that tables and columns have the names, types and nullability that the SQL says, and ' +
        'that `after` holds; a file whose effect cannot be seen in the schema needs `after`. ' +
        'It waits until nobody holds its tables and asks for a lock for a moment only, so that nobody queues behind it; ' +
        'on giving up it names who is in the way. A plan names what is dangerous in it, and the safe way. ' +
        'What it adds can be dropped again; a file that does more needs `reverse`, or goes forward only.',
      sort: 'state',
      role: 'migration',
      needs: ({ env }) => [secretPresent(databaseOf(env).url.name), databaseAnswers()],
      observe: async (at) => {
        const { schema } = databaseOf(at.env)
        const { text, from } = await incomingFile(at, file)
        const { statements } = refuseMistakes(file, await parseSqlScript(text))
        const effects = effectsOf(statements, schema)
        if (given.length === 0) refuseUnproven(file, effects, derive)
        const back = typeof reverse === 'string' ? (await incomingFile(at, reverse)).text : reverse?.sql
        return {
          from,
          schema,
          statements: statements.map(({ sql, line }) => ({ sql, line })),
          effects,
          dangers: dangersOf([{ statements }], schema),
          /** Which of what it adds and drops is there already, by place. */
          had: (await at.see(existing([...effects.adds, ...effects.drops]))).map(({ place }) => place),
          back: back === undefined ? null : await backStatements(reverse!, back),
          /** By PostgreSQL's own word, for the proof that an undo has led back to it. */
          shape: await schemaShape(at),
        }
      },
      restsOn: ({ observed: { statements } }) => ({
        // As git keeps it, and as it is in a working tree.
        [file]: statements.map(({ sql }) => sql.replaceAll('\r\n', '\n')).join(';\n'),
      }),
      before: ({ observed: { effects, schema } }) => [
        ...(effects.alters.length ? [early(roleMay({ alter: effects.alters }))] : []),
        ...(effects.adds.some((one) => one.kind === 'table' && one.schema === schema)
          ? [early(roleMay('create tables'))]
          : []),
        ...(effects.locks.length
          ? [within(early(noLongTransaction(effects.locks, patience)), patience, 250)]
          : []),
      ],
      findings: ({ observed: { effects } }) => waitsFor(effects.locks, patience),
      dangers: ({ observed }) => observed.dangers,
      actions: ({ observed: { statements, schema } }) => ({ migrate: runs(statements, schema) }),
      run: (act) =>
        whenFree(act, { tables: act.observed.effects.locks, upTo: patience, action: 'migrate' }, async () => {
          await act.perform('migrate')
        }),
      // Where nothing is derived there are facts in the options: `observe` has seen to it.
      after: ({ observed: { effects, schema } }) =>
        [...(derive ? factsOf(effects, schema) : []), ...given] as unknown as [Check],
      output: async (at) => ({
        statements: at.observed.statements.length,
        took: / in (.*)$/.exec(at.performed('migrate') ?? '')?.[1] ?? '',
        left: leftOf(at.observed.shape, await schemaShape(at)),
      }),
      summary: ({ output: { statements, took } }) =>
        `${quantity(statements, 'statement')}${took && ` in ${took}`}, committed`,
      evidence: () => [postgresqlEvidence],
      undo: ({ observed: { effects, had, back, schema, shape }, output }) => {
        const { added, lost } = wayBack(effects, had)
        const statements = back ?? dropsOf(added)
        if (!back && lost.length)
          return forwardOnly(
            effects.underived
              ? `an undo of ${file} is not derived from its SQL. ${whyOf(effects.underived)}`
              : `line ${lost[0]!.line} of ${file}: ${lost[0]!.words}`,
            `give applySql a \`reverse\`, or take the database back to the backup: --database=restore`,
          )
        if (statements.length === 0) return nothingToUndo('everything that it adds was there before')
        const seen = { before: shape, left: output?.left, derived: !back }
        return takesBack(added, { ...runs(statements, schema), retry: retryLocked(patience) }, seen)
      },
      diagnoses: ({ env, step }) => {
        const sql = sqlOfFile(file)
        // A later file may have altered what this one says.
        const ofFile = derive ? [otherColumn(sql), partlyMade(sql), notApplied(sql, step, given)] : []
        return [wrongDatabaseUrl(env), noRelation(sql), ...ofFile]
      },
    })
  },
  { file: 'backend/migrations/20251014_avatar_creator.sql' },
)

const backStatements = async (reverse: string | { sql: string }, text: string) => {
  const { statements } = refuseMistakes(
    typeof reverse === 'string' ? reverse : 'reverse',
    await parseSqlScript(text),
  )
  return statements.map(({ sql, line }) => ({ sql, line }))
}
