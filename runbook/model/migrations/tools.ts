/** What each program is told where it changes the schema of a database: words that follow one another. */
const verbs: Readonly<Record<string, RegExp>> = {
  ace: /^migration:(run|rollback|refresh|reset|fresh)\b/,
  alembic: /^(upgrade|downgrade)\b/,
  artisan: /^(migrate(?!:(status|install))|db:wipe|schema:dump)/,
  atlas: /^(migrate (apply|down)|schema (apply|clean))\b/,
  console: /^doctrine:(migrations:(migrate|execute)|schema:(update|create|drop))\b/,
  'db-migrate': /^(up|down|reset|db:\w+)\b/,
  dbmate: /^(up|migrate|down|rollback|drop|load)\b/,
  diesel: /^(migration (run|revert|redo)|database (reset|setup))\b/,
  directus: /^(database migrate:(latest|up|down)|bootstrap)\b/,
  'django-admin': /^migrate\b/,
  dotnet: /^ef database (update|drop)\b/,
  'drizzle-kit': /^(migrate|push)\b/,
  dropdb: /^/,
  flyway: /^(migrate|undo|clean)\b/,
  goose: /^(up|down|redo|reset)\b/,
  'graphile-migrate': /^(migrate|reset|watch)\b/,
  hasura: /^migrate apply\b/,
  knex: /^migrate:(latest|up|down|rollback)\b/,
  kysely: /^migrate(:| )(latest|up|down|rollback|to)\b/,
  liquibase: /^(?!\S*sql\b)(update|rollback|drop-?all)/i,
  'manage.py': /^migrate\b/,
  migrate: /^(up|down|goto|drop)\b/,
  'mikro-orm': /^(migration:(up|down|fresh)|schema:(update|fresh|drop))\b/,
  mix: /^ecto\.(migrate|rollback|reset|setup|drop)\b/,
  'node-pg-migrate': /^(up|down|redo)\b/,
  pgroll: /^(start|complete|rollback|migrate)\b/,
  prisma: /^(migrate (deploy|dev|reset)|db (push|execute))\b/,
  rails: /^db:(?!migrate:status|version|seed|abort_if)/,
  rake: /^db:(?!migrate:status|version|seed|abort_if)/,
  sequelize: /^db:(migrate(?!:status)|drop)/,
  sqitch: /^(deploy|revert|rebase)\b/,
  sqlx: /^(migrate (run|revert)|database (reset|setup|drop))\b/,
  supabase: /^(db (push|reset)|migration (up|down))\b/,
  typeorm: /^(migration:(run|revert)|schema:(sync|drop))\b/,
  yoyo: /^(apply|rollback|reapply)\b/,
}

/** Other names of the same programs. */
const aliases: Readonly<Record<string, string>> = {
  'graphile-migrate-cli': 'graphile-migrate',
  'kysely-ctl': 'kysely',
  'sequelize-cli': 'sequelize',
  'typeorm-ts-node-commonjs': 'typeorm',
  'typeorm-ts-node-esm': 'typeorm',
}

/** By these a program only says what it would do. */
const looks = new Set(['--help', '-h', '--version', '--plan', '--check', '--dry-run', '--sql', '--pretend'])

/**
 * What a program with these arguments does to the schema of a database, as it is printed: 'knex migrate:latest'. `input`:
 * the SQL that it is given, where that is known, or whether it reads any. Undefined where it does nothing of the kind.
 */
export const migrationBy = (
  name: string,
  args: readonly string[],
  input: { readonly sql?: string; readonly reads: boolean },
): string | undefined => {
  if (name === 'psql') return psql(args, input)
  if (name === 'pg_restore')
    return valuesOf(args, 'd', 'dbname').length ? 'pg_restore into a database' : undefined
  const tool = aliases[name] ?? name
  const told = Object.hasOwn(verbs, tool) ? verbs[tool] : undefined
  if (!told || args.some((arg) => looks.has(arg))) return undefined
  // golang-migrate has the most common of names.
  if (tool === 'migrate' && !args.some((arg) => /^--?(path|source|database)\b/.test(arg))) return undefined
  const words = args.filter((arg) => !arg.startsWith('-'))
  const at = words.findIndex((_, i) => told.test(words.slice(i).join(' ')))
  if (at < 0 && tool !== 'dropdb') return undefined
  return [name, ...(told.exec(words.slice(at).join(' '))?.[0].length ? verbIn(words, at, told) : [])].join(
    ' ',
  )
}

/** As many words as the verb has. */
const verbIn = (words: readonly string[], at: number, told: RegExp): string[] => {
  const rest = words.slice(at)
  const count = rest.findIndex((_, i) => told.test(rest.slice(0, i + 1).join(' '))) + 1
  return rest.slice(0, count)
}

const psql = (
  args: readonly string[],
  { sql, reads }: { readonly sql?: string; readonly reads: boolean },
) => {
  const files = valuesOf(args, 'f', 'file')
  if (files.length) return `psql -f ${files[0]}`
  const commands = valuesOf(args, 'c', 'command')
  const given = [...commands, ...(sql === undefined ? [] : [sql])]
  const change = given.map(firstChange).find((one) => one !== undefined)
  if (change) return `psql: ${change}`
  return reads && given.length === 0 ? 'psql, with the SQL that it is given' : undefined
}

/** The values of an option: -f x, -fx, --file x, --file=x. */
const valuesOf = (args: readonly string[], short: string, long: string): string[] =>
  args.flatMap((arg, i) => {
    if (arg === `--${long}`) return args.slice(i + 1, i + 2)
    if (arg.startsWith(`--${long}=`)) return [arg.slice(long.length + 3)]
    // Its options without a value can stand before it: -1qf x.
    const bundled = new RegExp(`^-[1aAbeEHlnqsStwWxXz]*${short}(.*)$`).exec(arg)
    if (!bundled || arg.startsWith('--')) return []
    return bundled[1] ? [bundled[1]] : args.slice(i + 1, i + 2)
  })

const CHANGES =
  /^(create|alter|drop|truncate|insert|update|delete|merge|grant|revoke|comment|reindex|cluster|refresh|do|call|copy|with\b[\s\S]*\b(insert|update|delete|merge)|\\i\w*)\b/i

/** The first statement that is more than a look: 'ALTER TABLE avatars …'. */
const firstChange = (sql: string): string | undefined =>
  sql
    .replace(/--.*$/gm, '')
    .split(';')
    .map((statement) => statement.trim().replace(/\s+/g, ' '))
    .find((statement) => CHANGES.test(statement) && !/^copy\b.*\bto\b/i.test(statement))
    ?.replace(/^(.{40}).+$/, '$1…')
