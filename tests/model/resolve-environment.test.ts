import { expect, test } from 'vitest'
import { resolveEnvironment } from '../../runbook/model/resolve-environment.ts'
import { secret } from '../../runbook/model/secret.ts'

test('an environment gets its name and its defaults, and its folder is found from the book', () => {
  expect(resolveEnvironment('staging', { app: { dir: '../app' } }, '/srv/my books')).toStrictEqual({
    name: 'staging',
    protected: false,
    host: 'local',
    app: { dir: '/srv/app', branch: 'main', url: '', health: '/health', probe: [] },
    variables: {},
  })
})

test('what the book says stays; slashes at the end of the url do not', () => {
  const url = secret('DATABASE_URL')
  const definition = {
    protected: true,
    app: { dir: '/srv/app', branch: 'live', url: 'https://a.example/base//', health: '/up', probe: ['/up'] },
    database: { url },
    variables: { NODE_ENV: 'production' },
  }
  expect(resolveEnvironment('production', definition, '/books')).toStrictEqual({
    name: 'production',
    protected: true,
    host: 'local',
    app: { dir: '/srv/app', branch: 'live', url: 'https://a.example/base', health: '/up', probe: ['/up'] },
    database: { url, schema: 'public', schemaOfUrl: true },
    variables: { NODE_ENV: 'production' },
  })
  const named = { ...definition, database: { url, schema: 'shop' } }
  expect(resolveEnvironment('x', named, '/').database).toStrictEqual({ url, schema: 'shop' })
})
