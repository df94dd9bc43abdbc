import { expect, test } from 'vitest'
import { meaningOf } from '../../runbook/import/known-commands.ts'
import { shellLines } from '../../runbook/import/shell-lines.ts'
import { kindOfSql } from '../../runbook/import/sql-block.ts'
import { withoutSecrets } from '../../runbook/import/without-secrets.ts'

const meaning = (block: string) => {
  const lines = shellLines(block)!
  const all = lines.map((line, i) => meaningOf(line, '.', lines.slice(i + 1)))
  return all
    .map((one) =>
      one.is === 'step' ? one.call.factory : one.is === 'shell' ? (one.reads ? 'looks' : 'shell') : one.is,
    )
    .join(' ')
}

test.each([
  ['git fetch origin\ngit checkout main\ngit pull origin main', 'covered covered pullCode'],
  ['git checkout main', 'shell'],
  ['git pull --rebase', 'shell'],
  ['$ npm ci && npm run build', 'installDependencies buildApp'],
  ['npm install left-pad', 'shell'],
  ['npm ci --omit=dev', 'shell'],
  ['npm ci || npm install', 'shell'],
  ['npm run build &', 'shell'],
  ['npm run build > build.log', 'shell'],
  ['NODE_ENV=test npm run build', 'shell'],
  ['npm run dev', 'by-hand'],
  ['pm2 restart shop', 'pm2Restart'],
  ['pm2 restart all', 'shell'],
  ['pm2 restart 0', 'shell'],
  ['pm2 logs shop --lines 50', 'by-hand'],
  ['pm2 logs shop | grep -i error', 'by-hand'],
  ['pm2 list', 'looks'],
  ['pg_dump $DATABASE_URL > /backups/a_$(date +%Y).sql', 'backupDatabase'],
  ['psql $DATABASE_URL', 'by-hand'],
  ['psql $DATABASE_URL -f migrations/a.sql', 'applySql'],
  ['psql $DATABASE_URL < migrations/a.sql', 'applySql'],
  ['psql $DATABASE_URL < /app/backups/latest.sql', 'by-hand'],
  ['psql $DATABASE_URL -c "DROP TABLE a"', 'shell'],
  ['psql $DATABASE_URL -c "\\dt a*"', 'looks'],
  ['npx prisma migrate deploy', 'prismaMigrate'],
  ['npx prisma migrate dev', 'by-hand'],
  ['rm -rf dist', 'shell'],
  ['git reset --hard <hash>\n'.replace('<hash>', '[hash]'), 'by-hand'],
  ['curl -s http://a.example/health', 'verifyHttp'],
  ['curl http://a.example/x | jq .', 'shell'],
  ['curl -u me:secret http://a.example/x', 'shell'],
  ['curl -X POST http://a.example/x -d "{\\"at\\": \\"$NOW\\"}"', 'shell'],
])('%s', (block, expected) => expect(meaning(block)).toBe(expected))

test('what is not shell is not taken for it', () => {
  expect(shellLines('UPDATE "a"\nSET b = NOW()\nWHERE c;')).toBeUndefined()
  expect(meaning('git checkout <previous-commit-hash>')).toBe('by-hand')
})

test.each([
  ['SELECT 1; -- DROP TABLE a', 'asks'],
  ["SELECT '; DROP TABLE a'", 'asks'],
  ['WITH gone AS (DELETE FROM a RETURNING 1) SELECT * FROM gone', 'changes'],
  ['ALTER TABLE a ADD COLUMN b TEXT', 'changes'],
  ['ALTER TABLE a ADD COLUMN ...', 'by-hand'],
  ['\\d a\nSELECT 1', 'by-hand'],
])('SQL: %s', (sql, kind) => expect(kindOfSql(sql)).toBe(kind))

test('a secret of the page does not come through', () => {
  expect(withoutSecrets('postgres://me:hunter2@db/x')).toBe('postgres://me:…@db/x')
  expect(withoutSecrets('-H "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9"')).not.toContain('eyJ')
  expect(withoutSecrets('Bearer $TOKEN and password=hunter2222')).toBe('Bearer $TOKEN and password=…')
})
