import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { Secrets, withoutSecrets } from '../../runbook/doors/secrets.ts'

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runbook-path-here-'))
  mkdirSync(join(folder, 'keys'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('a command that is printed before an environment is opened', () => {
  test.each([
    ['PWD', () => folder],
    ['OLDPWD', () => '/srv/a-release-that/is-gone'],
    ['GIT_ASKPASS', () => process.execPath],
    ['SSH_AUTH_SOCK', () => '/tmp/ssh-Xq7LmnoPq/agent.4711'],
    ['GOOGLE_APPLICATION_CREDENTIALS', () => join(folder, 'keys/not-there-yet.json')],
    ['KEYRING', () => `${folder}/keys:${folder}`],
    ['SERVICE_TOKEN_FILE', () => '~/tokens/service-2024'],
    ['PWD', () => `${folder}/`],
  ])('has what %s says of where something is', (name, value) => {
    const text = `chmod 700 '${value()}/st'; cd ${value()}`
    expect(withoutSecrets({ [name]: value() })(text)).toBe(text)
  })

  test('has the name of the machine, the account and the folders above it, whoever else says so', () => {
    const variables = {
      ...{ PWD: '/srv/lumiku-books2024/deploy', HOME: '/home/deployer-7f3a9c' },
      ...{ npm_package_name: 'lumiku-books2024', MY_NAME: 'deployer-7f3a9c' },
      ...{ HOSTNAME: hostname(), USER: userInfo().username },
    }
    const text = `ssh deployer-7f3a9c@${hostname()} chown ${userInfo().username} /srv/lumiku-books2024/deploy/x`
    expect(withoutSecrets(variables)(text)).toBe(text)
  })

  test.each([
    ['PGPASSWORD', '/Zk3vQ8rT+x1yLm0=='],
    ['MYSQL_PWD', 'summer-of-69'],
    ['MYSQL_PWD', '/summer-of-69'],
    ['API_KEY', '/q8Rt/Zk3v+x1yLm0/4Hs'],
    ['PWD', 'summer-of-69'],
    ['KEYS', `${tmpdir()}:summer-of-69`],
    ['SOMETHING', 'ghp_16C7e42F292c6912E7710c838347Ae178B4a'],
  ])('has nothing of a secret in %s: %s', (name, value) => {
    expect(withoutSecrets({ [name]: value, HOME: folder })(`is: ${value} .`)).toBe(`is: ‹secret ${name}› .`)
  })
})

test('a path in .env.<environment> is no secret either, and what stands beside it is', () => {
  writeFileSync(
    join(folder, '.env.staging'),
    'TLS_KEY_FILE=/etc/shop/private.pem\nTLS_KEY_PASSPHRASE=/summer-of-69\n',
    { mode: 0o600 },
  )
  const redactor = new Redactor()
  new Secrets({ environment: 'staging', bookFolder: folder, variables: {}, redactor })
  expect(redactor.text('cat /etc/shop/private.pem # /summer-of-69')).toBe(
    'cat /etc/shop/private.pem # ‹secret TLS_KEY_PASSPHRASE›',
  )
})
