#!/usr/bin/env node
// `prisma migrate resolve --rolled-back` (6.19) asks the native engine one question, whatever engine the rest runs on:
// `schema-engine --datasource … cli can-connect-to-database`. This answers it, and tells the truth.
import pg from 'pg'

if (!process.argv.includes('can-connect-to-database')) {
  console.error('only can-connect-to-database')
  process.exit(1)
}
const client = new pg.Client({ connectionString: process.env.DATABASE_URL })
try {
  await client.connect()
  await client.query('SELECT 1')
  await client.end()
} catch ({ message, code }) {
  const fields = { message, error_code: code === '3D000' ? 'P1003' : 'P1001' }
  const timestamp = new Date().toISOString()
  const target = 'schema_engine::logger'
  console.error(JSON.stringify({ level: 'ERROR', target, timestamp, fields, span: {}, spans: [] }))
  process.exit(1)
}
