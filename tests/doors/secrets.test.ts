import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { Secrets } from '../../runbook/doors/secrets.ts'
import type { DatabasePart } from '../../runbook/model/database-parts.ts'
import { type Failure, failureOf } from '../../runbook/model/failure.ts'
import { secret, text } from '../../runbook/model/secret.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook secrets '))
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (variables: Record<string, string | undefined> = {}, environment = 'staging') => {
  const redactor = new Redactor()
  return { redactor, secrets: new Secrets({ environment, bookFolder: folder, variables, redactor }) }
}
const file = (content: string, environment = 'staging') =>
  writeFileSync(join(folder, `.env.${environment}`), content)
const failing = (work: () => unknown): Failure => {
  try {
    work()
  } catch (error) {
    return failureOf(error)
  }
  throw new Error('it did not fail')
}

describe('a secret', () => {
  test('comes from .env.<environment> beside the book, or from the environment of the process', () => {
    file('TOKEN=from the file\n')
    const { secrets } = open({ TOKEN: 'from a shell that deployed elsewhere before', OTHER: 'only here' })
    expect(secrets.open(secret('TOKEN'))).toBe('from the file')
    expect(secrets.open(secret('OTHER'))).toBe('only here')
    expect(failing(() => open({}, 'production').secrets.open(secret('TOKEN'))).kind).toBe('secret-missing')
  })

  test.each([
    [`A="p@ss:w/rd 100%'s"`, `p@ss:w/rd 100%'s`],
    [`A='with "double" quotes'`, 'with "double" quotes'],
    ['A=`with \'both\' "kinds"`', `with 'both' "kinds"`],
    ['A=plain # a remark', 'plain'],
    ['export A=exported', 'exported'],
    ['A="two\nlines"', 'two\nlines'],
    ['\uFEFFA=after a mark of byte order', 'after a mark of byte order'],
    ['A=windows\r\nB=x\r\n', 'windows'],
  ])('is read from %j', (content, value) => {
    file(content)
    expect(open().secrets.open(secret('A'))).toBe(value)
  })

  test('that is missing or empty is named, with the file to write it into, never its value', () => {
    expect(failing(() => open().secrets.open(secret('A')))).toEqual({
      ...{ kind: 'secret-missing', name: 'A', empty: false, file: join(folder, '.env.staging') },
    })
    expect(failing(() => open({ A: '' }).secrets.open(secret('A')))).toMatchObject({ empty: true })
    file('A=\n')
    expect(failing(() => open().secrets.open(secret('A')))).toMatchObject({ empty: true })
    expect(failing(() => open({ A: '  ' }).secrets.open(secret('A')))).toMatchObject({ empty: true })
  })

  test('in a file that cannot be read fails with its path', () => {
    mkdirSync(join(folder, '.env.staging'))
    expect(failing(() => open())).toMatchObject({ kind: 'file-failed', code: 'EISDIR' })
  })

  test('is redacted from the moment it is opened, and one of a file from the beginning', () => {
    file('API_TOKEN=from-the-file\nMODE=production\nPROXY=http://ada:pass-word@proxy:3128\n')
    const { secrets, redactor } = open({ OPENED: 'opened-later' })
    expect(redactor.text('from-the-file opened-later production pass-word')).toBe(
      '‹secret API_TOKEN› opened-later production ‹secret PROXY›',
    )
    secrets.open(secret('OPENED'))
    expect(redactor.text('opened-later')).toBe('‹secret OPENED›')
  })

  test('that the book names is redacted before it is used', () => {
    file('NAMED_ONLY=named-in-the-file')
    const { secrets, redactor } = open({ NAMED_ONLY: 'named-but-not-used' })
    secret('NAMED_ONLY')
    secrets.foresee()
    expect(redactor.text('named-but-not-used')).toBe('‹secret NAMED_ONLY›')
    expect(redactor.text('named-in-the-file')).toBe('‹secret NAMED_ONLY›')
  })

  test('stands in a text among other words', () => {
    const { secrets } = open({ A: 'one', B: 'two' })
    expect(secrets.text(text`x ${secret('A')} ${2} ${secret('B')}`)).toBe('x one 2 two')
    expect(secrets.text('plain')).toBe('plain')
    expect(secrets.text(secret('A'))).toBe('one')
  })
})

describe('a part of a database URL', () => {
  const url =
    'postgresql://a%40da:p%40ss%3Aw%2Frd%20100%25%27s%20%22x%22@db.example.com:5433/Shop-1?sslmode=require'
  test.each<[DatabasePart, string]>([
    ['host', 'db.example.com'],
    ['port', '5433'],
    ['user', 'a@da'],
    ['password', `p@ss:w/rd 100%'s "x"`],
    ['database', 'Shop-1'],
    ['sslmode', 'require'],
  ])('%s is decoded', (part, value) => {
    expect(open({ URL: url }).secrets.open({ ...secret('URL'), part })).toBe(value)
  })

  test('that it lacks is undefined', () => {
    const { secrets } = open({ URL: 'postgresql://db/shop' })
    expect(secrets.open({ ...secret('URL'), part: 'password' })).toBeUndefined()
  })

  test('of what is no database URL is a mistake that does not contain it', () => {
    const failure = failing(() =>
      open({ URL: 'mysql://ada:hidden@db/shop' }).secrets.open({ ...secret('URL'), part: 'host' }),
    )
    expect(failure).toEqual({
      kind: 'secret-malformed',
      name: 'URL',
      message: 'does not begin with postgresql://',
    })
  })
})

test('a file that others may read is read all the same', () => {
  file('A=value\n')
  chmodSync(join(folder, '.env.staging'), 0o644)
  expect(open().secrets.open(secret('A'))).toBe('value')
})
