import type { ColumnDef, Constraint } from 'libpg-query'
import { typeText } from '../column.ts'
import { computedIn } from './computed-in.ts'
import type { Advice, Clause, Rules } from './rule.ts'

/** The dangers of ALTER TABLE on a table that was there before, a rule an entry. */
export const clauseRules: Rules<Clause> = {
  'not-null-without-default': ({ table, column, subtype, constraints }) =>
    adds(subtype, column) &&
    has(constraints, 'CONSTR_NOTNULL') &&
    !fills(column, constraints) && {
      what: `ADD COLUMN ${column.colname} NOT NULL without a default`,
      because: `it fails as soon as ${table} has a row`,
      instead:
        'give it a constant DEFAULT; or add it nullable, fill it in batches, and demand it in a later file',
    },

  'computed-default': ({ table, column, subtype, constraints }) => {
    const computed = computedIn(constraints.find(({ contype }) => contype === 'CONSTR_DEFAULT')?.raw_expr)
    return (
      adds(subtype, column) &&
      computed !== undefined && {
        what: `ADD COLUMN ${column.colname} with a default that ${computed}() computes for each row`,
        because: rewrites(table),
        instead: 'add it without the default, then SET DEFAULT, and fill the old rows in batches',
      }
    )
  },

  'counted-or-generated-column': ({ table, column, subtype, constraints }) =>
    adds(subtype, column) &&
    (isSerial(column) || has(constraints, 'CONSTR_IDENTITY') || has(constraints, 'CONSTR_GENERATED')) && {
      what: `ADD COLUMN ${column.colname}, whose value is counted or generated`,
      because: rewrites(table),
      instead: 'add a plain column, fill it in batches, and keep it filled by a default or a trigger',
    },

  'json-column': ({ table, column, subtype }) =>
    adds(subtype, column) &&
    typeText(column.typeName) === 'json' && {
      what: `ADD COLUMN ${column.colname} of the type json`,
      because: `json knows no equality: a SELECT DISTINCT on ${table} that works now fails then`,
      instead: 'jsonb',
    },

  'type-change': ({ table, name, column, subtype }) =>
    subtype === 'AT_AlterColumnType' && {
      what: `ALTER COLUMN ${name} TYPE ${typeText(column?.typeName) ?? '…'}`,
      because: `${rewrites(table)}, unless only a limit is widened, such as varchar(50) to varchar(100) or text`,
      instead:
        'add a column of the new type, keep both filled, switch the application over, drop the old one later',
    },

  'set-not-null': ({ table, name, subtype }) =>
    subtype === 'AT_SetNotNull' && {
      what: `ALTER COLUMN ${name} SET NOT NULL`,
      because: `nobody can read or write ${table} while all of it is scanned, unless a validated CHECK (${name} IS NOT NULL) proves it; a null that is there makes it fail`,
      instead: `ADD CONSTRAINT … CHECK (${name} IS NOT NULL) NOT VALID; in a second file VALIDATE CONSTRAINT; in a third SET NOT NULL, and drop the constraint`,
    },

  'foreign-key-validated': ({ table, column, subtype, constraints }) => {
    const key = constraints.find(({ contype }) => contype === 'CONSTR_FOREIGN')
    // A new column is null everywhere, and nothing has to be compared.
    const compares = key && !key.skip_validation && (!adds(subtype, column) || fills(column, constraints))
    return (
      compares && {
        what: `${adding(subtype)} a foreign key to ${key.pktable?.relname} without NOT VALID`,
        because: `nobody can write ${table} or ${key.pktable?.relname} while every row is compared`,
        instead: 'ADD CONSTRAINT … NOT VALID, and VALIDATE CONSTRAINT in a second file',
      }
    )
  },

  'check-validated': ({ table, subtype, constraints }) =>
    constraints.some(({ contype, skip_validation }) => contype === 'CONSTR_CHECK' && !skip_validation) && {
      what: `${adding(subtype)} a CHECK without NOT VALID`,
      because: `nobody can read or write ${table} while all of it is scanned; a row that breaks it makes it fail`,
      instead: 'ADD CONSTRAINT … CHECK (…) NOT VALID, and VALIDATE CONSTRAINT in a second file',
    },

  'validated-at-once': ({ table, name, subtype }, { locked }) =>
    subtype === 'AT_ValidateConstraint' &&
    locked.has(table) && {
      what: `VALIDATE CONSTRAINT ${name} in the transaction that has altered ${table}`,
      because: `the lock of line ${locked.get(table)} is kept while all of ${table} is scanned, as if there were no NOT VALID`,
      instead: 'a file, and a step, of its own',
    },

  'index-by-constraint': ({ table, subtype, constraints }) => {
    const unique = constraints.find(({ contype, indexname }) => contype! in indexed && !indexname)
    return (
      unique && {
        what: `${adding(subtype)} ${indexed[unique.contype!]}`,
        because: `nobody can read or write ${table} while its index is built; rows that are alike make it fail`,
        instead:
          unique.contype === 'CONSTR_EXCLUSION'
            ? 'do it at a quiet hour: there is no other way to add one'
            : 'CREATE UNIQUE INDEX CONCURRENTLY first, outside of a transaction; then ADD CONSTRAINT … USING INDEX',
      }
    )
  },

  'drop-column': ({ table, name, subtype }) =>
    subtype === 'AT_DropColumn' && {
      what: `DROP COLUMN ${name}`,
      because: `its values are gone, and code that runs now and knows ${table}.${name} fails at once`,
      instead: 'deploy code that does not know it first; drop it in a later deployment',
    },

  'moved-table': ({ table, subtype }) =>
    subtype in moves && {
      what: moves[subtype]!,
      because: rewrites(table),
      instead: 'do it at a quiet hour, or copy into a new table and switch over',
    },

  'partition-scanned': ({ table, subtype }) =>
    subtype === 'AT_AttachPartition' && {
      what: `ATTACH PARTITION to ${table}`,
      because:
        'nobody can use the partition while all of it is scanned, unless a validated CHECK proves its bounds',
      instead: 'ADD CONSTRAINT … CHECK (the bounds) NOT VALID to it, VALIDATE CONSTRAINT, then attach it',
    },
}

const rewrites = (table: string): string =>
  `nobody can read or write ${table} while all of it is written anew`

const adds = (subtype: string, column: ColumnDef | undefined): column is ColumnDef =>
  subtype === 'AT_AddColumn' && column !== undefined

const adding = (subtype: string): string => (subtype === 'AT_AddColumn' ? 'ADD COLUMN with' : 'ADD')

const has = (constraints: readonly Constraint[], kind: Constraint['contype']): boolean =>
  constraints.some(({ contype }) => contype === kind)

/** Whether rows that are there get a value. */
const fills = (column: ColumnDef, constraints: readonly Constraint[]): boolean =>
  isSerial(column) ||
  constraints.some(({ contype, raw_expr }) => {
    const isNull = raw_expr && 'A_Const' in raw_expr && raw_expr.A_Const.isnull
    return (
      ['CONSTR_IDENTITY', 'CONSTR_GENERATED'].includes(contype!) || (contype === 'CONSTR_DEFAULT' && !isNull)
    )
  })

const isSerial = ({ typeName }: ColumnDef): boolean => /serial\d?$/.test(typeText(typeName) ?? '')

const indexed: Readonly<Record<string, string>> = {
  CONSTR_UNIQUE: 'a UNIQUE constraint without USING INDEX',
  CONSTR_PRIMARY: 'a PRIMARY KEY without USING INDEX',
  CONSTR_EXCLUSION: 'an EXCLUDE constraint',
}

const moves: Readonly<Record<string, Advice['what']>> = {
  AT_SetLogged: 'SET LOGGED',
  AT_SetUnLogged: 'SET UNLOGGED',
  AT_SetTableSpace: 'SET TABLESPACE',
  AT_SetAccessMethod: 'SET ACCESS METHOD',
}
