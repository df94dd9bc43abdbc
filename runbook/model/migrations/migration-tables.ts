/** Tables in which migration tools keep what is applied, of those whose undo takes its rows away again. */
export const migrationTables: readonly string[] = [
  ...['knex_migrations', 'SequelizeMeta', 'pgmigrations', 'kysely_migration', 'schema_migrations'],
  ...['django_migrations', 'alembic_version', 'migrations'],
]
