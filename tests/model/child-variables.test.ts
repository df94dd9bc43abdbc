import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  inherited,
  lastingVariables,
  plainVariables,
  type Receiver,
  withoutPrograms,
} from '../../runbook/model/child-variables.ts'
import { secret, text } from '../../runbook/model/secret.ts'

const receivers: Receiver[] = ['child', 'lasting', 'ssh']
const nothing = { file: {}, book: new Set<string>() }

/** As they stand in the shells of operators. */
const secrets = [
  ...['DATABASE_URL', 'DIRECT_URL', 'REDIS_URL', 'MONGO_URI', 'DB_HOST', 'DB_PASS', 'MYSQL_PWD', 'PGHOST'],
  ...['PGPASSWORD', 'PGSERVICE', 'PGPASSFILE', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_PROFILE'],
  ...['GITHUB_TOKEN', 'GH_PAT', 'NPM_TOKEN', 'NODE_AUTH_TOKEN', 'npm_config__auth', 'NPM_CONFIG__PASSWORD'],
  ...['npm_config_//registry.example.com/:_authToken', 'YARN_NPM_AUTH_TOKEN', 'STRIPE_SK', 'SENTRY_DSN'],
  ...['SLACK_WEBHOOK', 'GOOGLE_APPLICATION_CREDENTIALS', 'KUBECONFIG', 'VAULT_ADDR', 'ANTHROPIC_API_KEY'],
  ...['GIT_DIR', 'GIT_CONFIG_PARAMETERS', 'GIT_CONFIG_VALUE_0', 'GIT_ASKPASS_TOKEN', 'RUNBOOK_STATE_URL'],
]

test.each(receivers)(
  '%s gets nothing of the operator’s that looks like a secret, or leads elsewhere',
  (to) => {
    const operator = Object.fromEntries(secrets.map((name) => [name, 'x']))
    expect(inherited({ ...nothing, operator }, to)).toEqual({})
  },
)

test('a name that nobody has thought of is given to nobody', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[A-Z][A-Z0-9_]{0,20}$/),
      fc.string(),
      fc.constantFrom(...receivers),
      (name, value, to) => {
        const operator = { [`X${name}`]: value }
        expect(inherited({ ...nothing, operator }, to)).toEqual({})
      },
    ),
  )
})

const handedOn = ['PATH', 'HOME', 'LANG', 'TZ', 'HTTP_PROXY', 'npm_config_registry', 'GIT_AUTHOR_NAME']

test('a name that the book or .env.<environment> defines never has the operator’s value', () => {
  const name = fc.oneof(fc.constantFrom(...handedOn, ...secrets), fc.stringMatching(/^[A-Za-z_]\w{0,9}$/))
  const variables = fc.dictionary(name, fc.constant('of the operator'))
  fc.assert(
    fc.property(
      variables,
      fc.dictionary(name, fc.constant('of the environment')),
      fc.array(name),
      fc.constantFrom(...receivers),
      (operator, file, book, to) => {
        const given = inherited({ operator, file, book: new Set(book) }, to)
        for (const [one, value] of Object.entries(given)) {
          // To ssh itself what the environment says is of its host is nothing: it is found, and logs in, as the operator's.
          if (to === 'ssh') {
            expect(value).toBe('of the operator')
            continue
          }
          expect(book).not.toContain(one)
          if (Object.hasOwn(file, one)) expect(value).toBe('of the environment')
        }
        // What lives on gets what a login has, whoever asks.
        if (to === 'lasting')
          expect(['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'PM2_HOME']).toEqual(
            expect.arrayContaining(Object.keys(given)),
          )
      },
    ),
  )
})

test('what a child needs in order to work is handed on', () => {
  const operator = Object.fromEntries(
    [...handedOn, 'SSH_AUTH_SOCK', 'LC_ALL', 'XDG_RUNTIME_DIR', 'TMPDIR', 'NVM_DIR', 'DOCKER_HOST'].map(
      (one) => [one, '/x'],
    ),
  )
  expect(inherited({ ...nothing, operator }, 'child')).toEqual(operator)
})

test('an address with a password in it is no setting of npm’s', () => {
  const operator = { npm_config_registry: 'https://ada:hidden@npm.example.com/' }
  expect(inherited({ ...nothing, operator }, 'child')).toEqual({})
})

test('ssh, which sends its locale on to a host, has none', () => {
  const operator = { LANG: 'de_DE.UTF-8', LC_TIME: 'C', TERM: 'xterm', SSH_AUTH_SOCK: '/x', HOME: '/root' }
  expect(inherited({ ...nothing, operator }, 'ssh')).toEqual({ SSH_AUTH_SOCK: '/x', HOME: '/root' })
})

test('a variable of the book with a secret in it is given to nobody whose step does not name it', () => {
  const env = {
    variables: {
      MODE: 'live',
      PATH: '/srv/bin',
      TOKEN: secret('TOKEN'),
      HEADER: text`Bearer ${secret('TOKEN')}`,
    },
  }
  expect(plainVariables(env)).toEqual({ MODE: 'live', PATH: '/srv/bin' })
  expect(lastingVariables(env, [])).toEqual({ PATH: '/srv/bin' })
  expect(lastingVariables(env, ['MODE', 'TOKEN'])).toEqual({ PATH: '/srv/bin', MODE: 'live' })
})

test('programs of a package in the working directory, or of one above it, are not found', () => {
  const path = (...folders: string[]) => folders.join(':')
  const cwd = '/home/ada/deploy'
  expect(
    withoutPrograms(
      path(
        `${cwd}/node_modules/.bin`,
        '/home/ada/node_modules/.bin/',
        '/node_modules/.bin',
        'node_modules/.bin',
        '',
        '.',
        '/opt/tools/node_modules/.bin',
        '/home/ada/deploy-tools/node_modules/.bin',
        '/usr/bin',
      ),
      cwd,
    ),
  ).toBe(path('/opt/tools/node_modules/.bin', '/home/ada/deploy-tools/node_modules/.bin', '/usr/bin'))
})
