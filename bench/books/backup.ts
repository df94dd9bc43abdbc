import { defineRunbook, secret } from 'runbook'
import { backupDatabase } from 'runbook/steps'

/** A backup by itself, in either way. */
export default defineRunbook({
  name: 'backup',
  environments: {
    size: { app: { dir: process.env.BENCH_FOLDER! }, database: { url: secret('DATABASE_URL') } },
    speed: { app: { dir: process.env.BENCH_FOLDER! }, database: { url: secret('DATABASE_URL') } },
  },
  deploy: ({ name }) => [backupDatabase({ prefer: name === 'speed' ? 'speed' : 'size' })],
})
