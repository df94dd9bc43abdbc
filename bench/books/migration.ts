import { defineRunbook, secret } from 'runbook'
import { applySql } from 'runbook/steps'

/** The guide's migration by itself. */
export default defineRunbook({
  name: 'migration',
  environments: {
    bench: { app: { dir: process.env.BENCH_FOLDER! }, database: { url: secret('DATABASE_URL') } },
  },
  deploy: () => [applySql({ file: 'migration.sql' })],
})
