import { expect, test } from 'vitest'
import { databaseOf, libpqVariables } from '../../runbook/model/environment.ts'
import type { Failed } from '../../runbook/model/failure.ts'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { namedSecrets, printText, secret, secretsIn, text } from '../../runbook/model/secret.ts'

test('a text says which secrets are in it, and nothing of their values', () => {
  const bearer = text`Bearer ${secret('TOKEN')}, ${2} of ${secret('OTHER')}`
  expect(printText(bearer)).toBe('Bearer ‹secret TOKEN›, 2 of ‹secret OTHER›')
  expect(secretsIn(bearer)).toEqual(['TOKEN', 'OTHER'])
  expect(printText(secret('TOKEN'))).toBe('‹secret TOKEN›')
  expect(secretsIn(secret('TOKEN'))).toEqual(['TOKEN'])
  expect(printText('plain')).toBe('plain')
  expect(secretsIn('plain')).toEqual([])
  expect(printText(text`alone`)).toBe('alone')
})

test('a name is known as soon as it is named, once', () => {
  expect(namedSecrets()).not.toContain('NAMED_HERE')
  secret('NAMED_HERE')
  secret('NAMED_HERE')
  expect(namedSecrets().filter((name) => name === 'NAMED_HERE')).toHaveLength(1)
})

test('the programs of libpq get their database in parts, each a secret', () => {
  const variables = libpqVariables({ url: secret('DATABASE_URL'), schema: 'public' })
  const printed = Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, printText(value)]),
  )
  expect(printed).toMatchObject({
    PGHOST: '‹secret DATABASE_URL host›',
    PGPORT: '‹secret DATABASE_URL port›',
    PGUSER: '‹secret DATABASE_URL user›',
    PGPASSWORD: '‹secret DATABASE_URL password›',
    PGDATABASE: '‹secret DATABASE_URL database›',
    PGSSLMODE: '‹secret DATABASE_URL sslmode›',
    PGSSLROOTCERT: '‹secret DATABASE_URL sslrootcert›',
    PGCHANNELBINDING: '‹secret DATABASE_URL channel_binding›',
  })
  for (const value of Object.values(printed)) expect(value).toMatch(/^‹secret DATABASE_URL \w+›$/)
})

test('a step that needs a database, in an environment without one, says what to write', () => {
  const env = resolveEnvironment('staging', { app: { dir: '.' } }, '/')
  const failure = (() => {
    try {
      return databaseOf(env)
    } catch (error) {
      return (error as Failed).failure
    }
  })()
  expect(failure).toEqual({
    kind: 'before-unmet',
    unmet: [
      {
        fact: 'the environment staging has a database',
        seen: 'the book gives it none',
        remedy: "write database: { url: secret('DATABASE_URL') } into environments.staging",
      },
    ],
  })
})
