import { expect, test } from 'vitest'
import { parseDatabaseUrl, withOptions } from '../../runbook/doors/database-url.ts'

const local = { host: 'localhost', port: '5432' }

test.each([
  [
    'postgresql://ada:secret@db.example.com:5433/shop',
    { host: 'db.example.com', port: '5433', user: 'ada', password: 'secret', database: 'shop' },
  ],
  ['postgres://db/shop', { host: 'db', port: '5432', database: 'shop' }],
  ['POSTGRESQL://ada@db/shop', { host: 'db', port: '5432', user: 'ada', database: 'shop' }],
  ['postgresql:///shop', { ...local, database: 'shop' }],
  ['postgresql://ada@/shop', { ...local, user: 'ada', database: 'shop' }],
  [
    'postgresql://ada:p%40ss%3Aw%2Frd%20100%25%27s%20%22x%22@db/Shop-1',
    { host: 'db', port: '5432', user: 'ada', password: `p@ss:w/rd 100%'s "x"`, database: 'Shop-1' },
  ],
  ['postgresql://[::1]:5433/shop', { host: '::1', port: '5433', database: 'shop' }],
  [
    'postgresql://ada@/shop?host=/var/run/postgresql&port=5444',
    { host: '/var/run/postgresql', port: '5444', user: 'ada', database: 'shop' },
  ],
  [
    'postgresql://db/shop?sslmode=verify-full&schema=app',
    { host: 'db', port: '5432', database: 'shop', sslmode: 'verify-full' },
  ],
  ['postgresql://db/two%20words%2Fslash', { host: 'db', port: '5432', database: 'two words/slash' }],
  [
    'postgresql://ada:p%2525@db/shop',
    { host: 'db', port: '5432', user: 'ada', password: 'p%25', database: 'shop' },
  ],
])('%s', (url, target) => {
  expect(parseDatabaseUrl(url)).toEqual(target)
})

test.each([
  ['db.example.com/shop', 'does not begin with postgresql://'],
  ['mysql://ada:hidden@db/shop', 'does not begin with postgresql://'],
  ['postgresql://db', 'names no database; it ends with /name'],
  ['postgresql://db/', 'names no database; it ends with /name'],
  ['postgresql://ada:hid#den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hid/den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hid?den@db/shop', expect.stringContaining('percent-encoded')],
  ['postgresql://ada:hidden%@db/shop', expect.stringContaining('%25')],
  ['postgresql://ada:hidden@db:port/shop', expect.stringContaining('percent-encoded')],
])('%s is a mistake that does not tell the password', (url, mistake) => {
  const parsed = parseDatabaseUrl(url)
  expect(parsed).toEqual({ mistake })
  expect(JSON.stringify(parsed)).not.toContain('hid')
})

test.each([
  ['postgresql://ada@db/shop', 'postgresql://ada@db/shop?options=-c%20a%3D1'],
  ['postgresql://db/shop?schema=app', 'postgresql://db/shop?schema=app&options=-c%20a%3D1'],
  [
    'postgresql://db/shop?options=-c%20b%3D2&schema=app',
    'postgresql://db/shop?schema=app&options=-c%20b%3D2%20-c%20a%3D1',
  ],
])('further options of the sessions of %s', (url, expected) => {
  expect(withOptions(url, '-c a=1')).toBe(expected)
})
