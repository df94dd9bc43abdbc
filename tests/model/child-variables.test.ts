import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  flagsKeptBack,
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

test.each([
  ...['npm_config_otp', 'NPM_CONFIG_OTP', 'pnpm_config_otp', 'npm_config_cert', 'YARN_NPM_PUBLISH_OTP'],
  ...[
    'GIT_TRACE',
    'GIT_TRACE_CURL',
    'GIT_TRACE_REDACT',
    'GIT_TRACE2_EVENT',
    'GIT_CURL_VERBOSE',
    'GIT_TRACE_PACKET',
  ],
  ...[
    'GIT_EXTERNAL_DIFF',
    'GIT_PAGER',
    'GIT_EDITOR',
    'GIT_SEQUENCE_EDITOR',
    'GIT_CONFIG_KEY_3',
    'GIT_OF_TOMORROW',
  ],
])('%s says what nobody else is to know, or starts what nobody asked for', (name) => {
  expect(inherited({ ...nothing, operator: { [name]: '1' } }, 'child')).toEqual({})
  expect(inherited({ ...nothing, operator: {}, file: { [name]: '1' } }, 'child')).toEqual({})
})

test.each([
  ['npm_config_registry', 'https://tok3n@npm.example.com/'],
  ['npm_config_registry', 'https://ada:@npm.example.com/x https://ada:pw@npm.example.com'],
  ['GIT_SSH_COMMAND', 'ssh -o ProxyCommand=https://ada:pw@proxy'],
  ['npm_config_sharp_binary_host', 'ghp_0123456789abcdef'],
  ['YARN_HTTP_PROXY', 'http://ada:pw@proxy:3128'],
  ['npm_config_key_of_mine', '-----BEGIN RSA PRIVATE KEY-----'],
])('%s=%s has somebody’s word in it', (name, value) => {
  expect(inherited({ ...nothing, operator: { [name]: value } }, 'child')).toEqual({})
})

test.each([
  ['npm_config_registry', 'http://127.0.0.1:4873/'],
  ['npm_config_git', 'git+ssh://git@git.example.com/x'],
  ['GIT_SSH_COMMAND', 'ssh -i /home/ada/.ssh/deploy'],
  ['GIT_SSL_CAINFO', '/etc/ca.pem'],
  ['GIT_SSL_KEY', '/home/ada/client.key'],
  ['GIT_CONFIG_GLOBAL', '/home/ada/gitconfig'],
  ['npm_config_npm_version', '10.9.0'],
])('%s=%s is handed on', (name, value) => {
  expect(inherited({ ...nothing, operator: { [name]: value } }, 'child')).toEqual({ [name]: value })
})

test.each([
  ['--max-old-space-size=4096', '--max-old-space-size=4096', undefined],
  [
    '--require /x/bootloader.js --inspect-publish-uid=http',
    undefined,
    ['--require', '--inspect-publish-uid'],
  ],
  ['-r ./x --use-system-ca', '--use-system-ca', ['-r']],
  ['--import=dd-trace/register.js --max_old_space_size=64', '--max_old_space_size=64', ['--import']],
  ['--require "/a b/x.js" --dns-result-order=ipv4first', '--dns-result-order=ipv4first', ['--require']],
  ['--require=--max-old-space-size=1', undefined, ['--require']],
  ['--env-file .env.production --no-warnings', '--no-warnings', ['--env-file']],
  ['--openssl-legacy-provider  --inspect', '--openssl-legacy-provider', ['--inspect']],
  ['./x --max-semi-space-size=1', '--max-semi-space-size=1', ['./x']],
])('of NODE_OPTIONS=%j a child gets %j', (value, given, keptBack) => {
  for (const name of ['NODE_OPTIONS', 'npm_config_node_options', 'YARN_NODE_OPTIONS']) {
    const known = { ...nothing, operator: { [name]: value } }
    expect(inherited(known, 'child')).toEqual(given === undefined ? {} : { [name]: given })
    expect([...flagsKeptBack(known)]).toEqual(keptBack ? [[name, keptBack]] : [])
    // What the environment says itself is meant.
    const own = { ...known, file: { [name]: value } }
    expect([inherited(own, 'child'), [...flagsKeptBack(own)]]).toEqual([{ [name]: value }, []])
  }
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
