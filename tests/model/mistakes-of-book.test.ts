import { expect, test } from 'vitest'
import { defineRunbook, type Entries, parallel, phase, sequence } from '../../runbook/model/book.ts'
import { defineCheck, holds } from '../../runbook/model/check.ts'
import type { Environment } from '../../runbook/model/environment.ts'
import { factory } from '../../runbook/model/factory.ts'
import { mistakesOf } from '../../runbook/model/mistakes-of-book.ts'
import { secret } from '../../runbook/model/secret.ts'
import { defineStep, type Step } from '../../runbook/model/step.ts'
import { nothingToUndo } from '../../runbook/model/undo.ts'

const so = defineCheck({ fact: 'it is so', remedy: 'wait', look: async () => holds('it is') })
const step = (id: string, more: Partial<Step> = {}): Step => ({
  ...defineStep({
    id,
    title: `Do ${id}`,
    about: 'Does it.',
    after: () => [so],
    undo: () => nothingToUndo('it is a test'),
  }),
  ...more,
})
const backup = (more: Partial<Step> = {}) => step('backup', { role: 'backup', ...more })
const migration = (id = 'migration') => step(id, { role: 'migration' })
const strict = factory('strict', {}, () => step('strict'))

const app = { dir: '.' }
const database = { url: secret('DATABASE_URL') }
const said = (book: unknown) =>
  mistakesOf(book, '/books/runbook.config.ts').map(({ at, expected }) => `${at}: ${expected}`)
const ofSteps = (deploy: (env: Environment) => unknown, definition: object = { app }) =>
  said({ name: 'shop', environments: { main: definition }, deploy })
const ofProtected = (entries: Entries) => ofSteps(() => entries, { protected: true, app, database })

test('a whole book has none; falsy entries are nobody', () => {
  const book = defineRunbook({
    name: 'shop',
    approval: { from: 'the team lead', contact: '+49 30 1234' },
    environments: {
      production: { protected: true, host: 'local', app: { dir: '.', url: 'https://a.example' }, database },
    },
    deploy: (env) => [env.protected && backup(), false, null, '', 0, undefined, phase('Rest', [step('one')])],
  })
  expect(said(book)).toEqual([])
})

test.each([
  ['app.url', { app: { dir: '.', url: 'https://ada:hunter2hunter2@shop.example' } }],
  ['app.url', { app: { dir: '.', url: 'http://hunter2hunter2@shop.example:8080/x' } }],
  ['app.url', { app: { dir: '.', url: 'https://:hunter2hunter2@shop.example' } }],
  [
    'app.probe.1',
    { app: { dir: '.', url: 'https://a.example', probe: ['/', 'http://a:hunter2hunter2@b/'] } },
  ],
  ['app.url', { app: { dir: '.', url: 'https://shop.example/?token=hunter2hunter2' } }],
  ['app.health', { app: { dir: '.', url: 'https://shop.example', health: '/h?api_key=hunter2hunter2' } }],
  ['identify.remote', { app, identify: { remote: 'deploy:hunter2hunter2@git.example:shop.git' } }],
  ['identify.remote', { app, identify: { remote: 'https://oauth2:hunter2hunter2@git.example/shop.git' } }],
  ['identify.remote', { app, identify: { remote: 'ssh://git:hunter2hunter2@git.example/shop.git' } }],
])('%s with a user or a password in it is a mistake, which does not repeat it', (at, definition) => {
  const mistakes = ofSteps(() => [step('one')], definition)
  expect(mistakes).toEqual([
    expect.stringMatching(`^environments\\.main\\.${at}: has a user, a password or a token`),
  ])
  expect(mistakes.join()).not.toContain('hunter2')
  expect(mistakes.join()).toMatch(/secret\('APP_BASIC'\)|remotes are compared without/)
})

test('a password in `host`, and a header that signs in as it stands, are mistakes', () => {
  const of = (definition: object) => ofSteps(() => [step('one')], definition as never)
  const dir = '/srv/app'
  const ofHost = of({ host: 'deploy:hunter2hunter2@web1', app: { dir } })
  const ofHeader = of({
    app: { dir: '.', url: 'https://a.example', headers: { Authorization: 'Basic aHVudGVyMmh1bnRlcjI=' } },
  })
  expect(ofHost).toEqual([expect.stringMatching(/^environments\.main\.host: has a password in it/)])
  expect(ofHeader).toEqual([
    expect.stringMatching(/^environments\.main\.app\.headers\.Authorization: .*secret\('NAME'\)/),
  ])
  expect([...ofHost, ...ofHeader].join()).not.toMatch(/hunter2|aHVudGVy/)
})

test('addresses in which nobody signs in, and headers that do, are none', () => {
  const well = {
    app: {
      ...{ dir: '.', url: 'https://a.example/@ada:x@y', probe: ['/@x'] },
      headers: { authorization: secret('APP_BASIC'), 'x-proxy': 'a' },
    },
    identify: { remote: 'git@git.example:shop.git' },
  }
  expect(ofSteps(() => [step('one')], well)).toEqual([])
  expect(
    ofSteps(() => [step('one')], { app, identify: { remote: 'ssh://git@git.example/shop.git' } }),
  ).toEqual([])
})

test.each([
  [{ app: { dir: 'a\nb' } }, 'app.dir: must be one line'],
  [{ app: { dir: '.', branch: 'a\u001b[2J' } }, 'app.branch: must be one line'],
  [{ app, variables: { 'A; touch x': 'b' } }, 'variables.A; touch x: is not the name of a variable'],
  [{ app: { dir: '.', url: 'ada:pw@shop.example' } }, 'app.url: must be a URL'],
])('%j is a mistake: %s', (definition, mistake) => {
  expect(ofSteps(() => [step('one')], definition)).toEqual([expect.stringContaining(mistake)])
})

test('everything that is wrong with its keys is said at once', () => {
  const book = {
    nme: 'shop',
    approval: { by: 'ada' },
    environments: {
      'my env': { app },
      production: {
        protectd: true,
        protected: 'yes',
        host: '-oProxyCommand=evil',
        app: { branch: '', url: 'localhost', health: 'health', probe: ['health', '/health'] },
        database: { url: 'postgres://ada:secret@db/shop' },
        variables: { PORT: 3000 },
      },
      staging: 'here',
    },
    deploy: [],
  }
  expect(said(book).sort()).toEqual([
    'approval.by: is not a known key',
    'approval.from: must be a string',
    'deploy: must be a function: (env) => [steps]',
    'environments.my env: is named with other than letters, digits and dashes',
    'environments.production.app.branch: must not be empty',
    'environments.production.app.dir: must be a string',
    'environments.production.app.health: must begin with /',
    'environments.production.app.probe.0: must begin with /, or be a URL',
    'environments.production.app.url: must be a URL, such as https://app.example.com',
    "environments.production.database.url: must be secret('NAME')",
    "environments.production.host: must be 'local', or as ssh knows it: 'deploy@server'",
    'environments.production.protectd: is not a known key',
    'environments.production.protected: must be true or false',
    "environments.production.variables.PORT: must be a string, or secret('NAME')",
    'environments.staging: must be an object: { app: { dir, branch, url } }',
    'name: must be a string',
    'nme: is not a known key',
  ])
})

test.each([
  ['nothing', undefined],
  ['null', null],
  ['a text', 'shop'],
  ['a function', () => []],
])('%s is no book', (_, book) => {
  expect(said(book)).toEqual([': must be exported by default: export default defineRunbook({ … })'])
})

test.each([
  ['none', {}, 'environments: must name at least one environment'],
  ['null', null, 'environments: must be an object: { production: { app: { dir } } }'],
  ['a list', [], 'environments: must be an object: { production: { app: { dir } } }'],
])('environments: %s', (_, environments, mistake) => {
  expect(said({ name: 'shop', environments, deploy: () => [step('one')] })).toEqual([mistake])
})

test('a path to probe belongs to a url', () => {
  const probing = (more: object) => ofSteps(() => [step('one')], { app: { dir: '.', ...more } })
  expect(probing({ probe: ['/health'] })).toEqual([
    'environments.main.app.probe: needs `url`, to which its paths belong',
  ])
  expect(probing({ probe: ['https://a.example/health'] })).toEqual([])
  expect(probing({ probe: ['/health'], url: 'https://a.example' })).toEqual([])
})

test('two steps with one id, wherever they stand', () => {
  expect(
    ofSteps(() => [
      step('one'),
      phase('More', [parallel([step('one'), sequence([step('one')])])]),
      step('two'),
    ]),
  ).toEqual(['steps.one: stands twice in the book; give one of them another `id`'])
})

test('an environment without a step is named; the others are not', () => {
  const deploy = ({ name }: Environment) => (name === 'staging' ? [] : [step('one')])
  expect(said({ name: 'shop', environments: { main: { app }, staging: { app } }, deploy })).toEqual([
    'environments.staging: `deploy` gives it no step',
  ])
})

const notAList =
  'deploy: must give a list of steps, phase, sequence and parallel; a step is what its factory gives: pullCode()'
test.each<[string, () => unknown]>([
  ['a step', () => step('one')],
  ['a promise', async () => [step('one')]],
  ['a factory that was not called', () => [strict]],
  ['a factory that was not called, in a group', () => [phase('All', [parallel([strict as never])])]],
  ['true', () => [true]],
  ['a text', () => ['pull-code']],
  ['a group that is none', () => [{ kind: 'phase', title: 'All' }]],
  ['a step that is none', () => [{ kind: 'step', id: 'one' }]],
])('deploy gives %s', (_, deploy) => {
  expect(ofSteps(deploy)).toEqual([notAList])
})

test.each<[string, () => unknown, string]>([
  [
    'an error',
    () => {
      throw new Error('no such flag')
    },
    'no such flag',
  ],
  [
    'a text',
    () => {
      throw 'no such flag'
    },
    'no such flag',
  ],
  [
    'nothing',
    () => {
      throw undefined
    },
    'undefined',
  ],
  [
    'an error, for a group without a list',
    () => [phase('All', step('one') as never)],
    "phase 'All' needs a list: [step, step]",
  ],
  [
    'an error, for steps one after the other',
    () => [(parallel as any)(step('one'), step('two'))],
    'parallel needs a list: [step, step]',
  ],
])('deploy throws %s', (_, deploy, why) => {
  expect(ofSteps(deploy)).toEqual([`deploy: cannot be called for main: ${why}`])
})

test('a mistake of a step is said once for all environments, also where an environment is mistaken itself', () => {
  const book = {
    name: 'shop',
    environments: { main: { app }, staging: { app }, broken: {} },
    deploy: () => [strict({ speed: 1 } as never), strict({ id: 'other', optional: 'yes' } as never)],
  }
  expect(said(book)).toEqual([
    'environments.broken.app: must be an object: { dir, branch, url }',
    'steps.strict.speed: is not a known key',
    'steps.strict.optional: expected boolean, received string',
  ])
})

test('a protected environment with a database has its backup, and before each migration', () => {
  const needed = 'environments.main: is protected and has a database, so its book needs backupDatabase()'
  const early = (id = 'migration') => `steps.${id}: would change the database before its backup`
  expect(ofProtected([step('one')])).toEqual([needed])
  expect(ofProtected([migration()])).toEqual([needed])
  expect(ofProtected([backup({ optional: true })])).toEqual([
    'steps.backup: is mandatory in a protected environment',
  ])
  expect(ofProtected([migration(), backup()])).toEqual([early()])
  expect(ofProtected([migration(), backup(), migration('second')])).toEqual([early()])
  expect(ofProtected([phase('A', [migration(), migration('second')]), backup()])).toEqual([
    early(),
    early('second'),
  ])
  expect(ofProtected([phase('A', [backup()]), phase('B', [migration()])])).toEqual([])
})

test('a backup that runs beside a migration does not stand before it', () => {
  const early = 'steps.migration: would change the database before its backup'
  expect(ofProtected([parallel([backup(), migration()])])).toEqual([early])
  expect(ofProtected([parallel([backup(), sequence([step('one'), migration()])])])).toEqual([early])
  expect(ofProtected([parallel([sequence([backup(), migration()]), step('one')])])).toEqual([])
  expect(ofProtected([parallel([backup(), step('one')]), migration()])).toEqual([])
  expect(ofProtected([backup(), parallel([step('one'), migration()])])).toEqual([])
})

test.each<[string, object]>([
  ['is not protected', { app, database }],
  ['has no database', { protected: true, app }],
])('an environment that %s needs no backup', (_, definition) => {
  expect(ofSteps(() => [migration()], definition)).toEqual([])
})

test.each([
  ['production'],
  ['Prod'],
  ['eu-production-2'],
  ['live'],
  ['main', { identify: { database: 'shop_prod' } }],
  ['main', { identify: { server: 'db.production.example.com' } }],
])('%s %j names a production, and is protected', (name, more: object = {}) => {
  const book = (is: boolean) => ({
    ...{ name: 'shop', deploy: () => [backup()] },
    environments: { [name]: { app, database, protected: is, ...more } },
  })
  expect(said(book(false))).toEqual([
    expect.stringMatching(
      new RegExp(`^environments.${name}: '.*' names a production, so it needs protected: true$`),
    ),
  ])
  expect(said(book(true))).toEqual([])
})

test.each([
  'staging',
  'pre-production',
  'preprod',
  'nonprod',
  'non-production',
  'products',
  'delivery',
  'alive',
])('%s names none', (name) =>
  expect(said({ name: 'shop', environments: { [name]: { app } }, deploy: () => [step('one')] })).toEqual([]),
)

test('what identifies is known, says something, and is of a database that there is', () => {
  const identified = (identify: object, more: object = { database }) =>
    ofSteps(() => [step('one')], { app, identify, ...more })
  expect(
    identified({ database: 'a', server: 'b:1', remote: 'c', query: { sql: 'SELECT 1', is: '1' } }),
  ).toEqual([])
  expect(identified({})).toEqual(['environments.main.identify: says nothing'])
  expect(identified({ databse: 'a' })).toEqual(['environments.main.identify.databse: is not a known key'])
  expect(identified({ query: 'SELECT 1' })).toEqual([
    'environments.main.identify.query: must be an object: { sql, is }',
  ])
  expect(identified({ remote: 'c' }, {})).toEqual([])
  expect(identified({ database: 'a' }, {})).toEqual([
    'environments.main.identify.database: is of a database, and it has none',
  ])
})

test('what is on another host is named as it is there', () => {
  const at = (definition: object) => ofSteps(() => [step('one')], definition)
  expect(at({ app: { dir: '/srv/app' }, host: 'deploy@server' })).toEqual([])
  expect(
    at({ app: { dir: '/srv/app' }, host: 'deploy@[fe80::1]', database: { ...database, via: 'host' } }),
  ).toEqual([])
  expect(at({ app, host: 'deploy@server' })).toEqual([
    'environments.main.app.dir: must be absolute on deploy@server',
  ])
  expect(at({ app, database: { ...database, via: 'host' } })).toEqual([
    'environments.main.database.via: needs `host`, another than this machine',
  ])
  const kept = (backupsOnHost: string) => ({
    database: { ...database, backupsOnHost },
    app: { dir: '/srv/app' },
  })
  expect(at({ ...kept('/var/backups'), host: 'deploy@server' })).toEqual([])
  expect(at({ ...kept('backups'), host: 'deploy@server' })).toEqual([
    'environments.main.database.backupsOnHost: must be absolute',
  ])
  expect(at(kept('/var/backups'))).toEqual([
    'environments.main.database.backupsOnHost: needs `host`, another than this machine',
  ])
  for (const host of ['', 'two words', "it's", 'a;b', '$(id)'])
    expect(at({ app: { dir: '/srv/app' }, host })).toHaveLength(1)
})

test('the parts of a step of its own are functions, of which two are needed', () => {
  const own = (parts: object) => defineStep({ id: 'own', title: 'Own', about: 'It.', ...parts } as never)
  const undo = () => nothingToUndo('it is a test')
  const whole = { after: () => [so], undo }
  for (const key of ['needs', 'before', 'observe', 'actions', 'run', 'diagnoses'])
    expect(ofSteps(() => [own({ ...whole, [key]: [so] })])).toEqual([
      `steps.own.${key}: must be a function: ${key}: () => …`,
    ])
  expect(ofSteps(() => [own({ after: [so] })])).toEqual([
    'steps.own.after: must be a function: after: () => …',
    'steps.own.undo: must be a function: undo: () => …',
  ])
  expect(ofSteps(() => [own({ ...whole, title: undefined, summary: undefined })])).toEqual([
    'steps.own.title: must be a text',
  ])
})
