import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { Beginnings } from '../../runbook/doors/beginnings.ts'
import { Redactor } from '../../runbook/doors/redaction.ts'
import { textOf } from '../../runbook/model/byte-string.ts'

const key = `-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\n${['q7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8', 'Oi5BxQy3EzWuMkC6jVrHpDgSlAn+/IF0', 'Zt9wLq=='].join('\n')}\n-----END RSA PRIVATE KEY-----\n`
const service = JSON.stringify({
  type: 'service_account',
  project_id: 'lumiku',
  private_key: key,
  nested: { list: ['leaf-one-8Qz', { client_secret: 'GOCSPX-inner&Secret/99' }] },
})
const jwt = `eyJhbGciOiJIUzI1NiJ9.${Buffer.from('{"sub":"1234567890"}').toString('base64url')}.c2lnbmF0dXJlLW9mLWl0LTk5`

/** Secrets as they are set, and what of them must not be seen by itself. */
const secrets: Record<string, { value: string; parts: string[] }> = {
  'a token': { value: 'tok/SLASHed<&>+9"e\'s', parts: ['tok/SLASHed<&>+9"e\'s'] },
  'one with letters beyond ASCII': { value: 'päss"wörd\'s-ключ-9', parts: ['päss"wörd\'s-ключ-9'] },
  'a key': {
    value: key,
    parts: ['q7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8', 'Oi5BxQy3EzWuMkC6jVrHpDgSlAn+/IF0', 'Zt9wLq=='],
  },
  'a key on one line': {
    value: key.replaceAll('\n', '\\n'),
    parts: ['q7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8', 'Zt9wLq=='],
  },
  JSON: {
    value: service,
    parts: ['GOCSPX-inner&Secret/99', 'leaf-one-8Qz', 'q7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8'],
  },
  'JSON in base64': {
    value: Buffer.from(service).toString('base64'),
    parts: ['GOCSPX-inner&Secret/99', 'Oi5BxQy3EzWuMkC6jVrHpDgSlAn+/IF0'],
  },
  YAML: {
    value:
      'db:\n  user: shop\n  password: "yaml \\"Pw1\\" 77"\nhooks:\n  - hook_1a2B3c4D\nhttp: { token: flowTok3n99, x: 1 }\n',
    parts: ['yaml "Pw1" 77', 'hook_1a2B3c4D', 'flowTok3n99'],
  },
  'a webhook': {
    value: 'https://hooks.example.com/services/T0AAAA1/B0BBBB2/zZsLaCkTokEn9',
    parts: ['zZsLaCkTokEn9', '/services/T0AAAA1/B0BBBB2/zZsLaCkTokEn9'],
  },
  'a URL with a query': {
    value: 'https://api.example.com/cb?apikey=qUeRy%2FSeCr77&x=1',
    parts: ['qUeRy/SeCr77', 'qUeRy%2FSeCr77'],
  },
  'a URL with a key as its user': {
    value: 'https://4f3c2b1a9d8e7f60@o1.ingest.example.com/7',
    parts: ['4f3c2b1a9d8e7f60'],
  },
  'a database with its password in the query': {
    value: 'postgresql://db1/shop?user=app&password=QueryPw12345',
    parts: ['QueryPw12345'],
  },
  'several hosts': {
    value: 'postgresql://app:MultiHostPw1@db1:5432,db2:5432/shop',
    parts: ['MultiHostPw1', 'app:MultiHostPw1'],
  },
  'signs that a URL should encode': {
    value: 'postgresql://app:p/w@#d-99%@db1:5432/shop',
    parts: ['p/w@#d-99%'],
  },
  'ADO.NET': {
    value: 'Server=db;User Id=sa;Password=Ado;Encrypt=true;AccountKey=aB3/dE5fG7+hI9==',
    parts: ['aB3/dE5fG7+hI9=='],
  },
  'libpq without quotes': {
    value: 'dbname=shop host=db1 password=unqu0ted-9 user=app sslmode=require',
    parts: ['unqu0ted-9'],
  },
  'libpq, the password first': { value: 'password=f1rst-Pw-9 host=db1 port=5432', parts: ['f1rst-Pw-9'] },
  'libpq, the password last': { value: 'host=db1 user=a! password=l4st-Pw-99', parts: ['l4st-Pw-99'] },
  'SQL Server, as Prisma has it': {
    value: 'sqlserver://db:1433;database=shop;user=sa;password=Pr1sma-Pw9;encrypt=true',
    parts: ['Pr1sma-Pw9'],
  },
  'SQL Server, in braces': {
    value: 'jdbc:sqlserver://db:1433;user=sa;password={br4ce;Pw 9};encrypt=true',
    parts: ['br4ce;Pw 9'],
  },
  JDBC: { value: 'jdbc:postgresql://db1/shop?password=jdbcPw-77&user=app', parts: ['jdbcPw-77'] },
  '.npmrc': {
    value: '//registry.example.com/:_authToken=npm_0aB1cD2eF3\n//other.example.com/:_password=cGFzc3dvcmQ5\n',
    parts: ['npm_0aB1cD2eF3', 'cGFzc3dvcmQ5'],
  },
  '.netrc': { value: 'machine a.example.com login ada password n3trc-Pw9\n', parts: ['n3trc-Pw9'] },
  '.pgpass': { value: 'db1:5432:shop:app:pgP4ss-99\n*:*:*:ada:other-Pw8', parts: ['pgP4ss-99', 'other-Pw8'] },
  'a key that OpenSSL has encrypted': {
    value: key
      .replace('ENCRYPTED\n', 'ENCRYPTED\nDEK-Info: AES-128-CBC,0A1B2C3D\n')
      .replace('Zt9wLq==', 'QwErTy='),
    parts: ['q7Zc0XwP4mJb9sLdKe2RtYvUa1GhNfT8', 'QwErTy='],
  },
  libpq: { value: "host=db1 user=app password='lib pq 9s' sslmode=require", parts: ['lib pq 9s'] },
  'user and password': {
    value: 'ada:correct-9-horse',
    parts: ['correct-9-horse'],
  },
  'a header': { value: 'Bearer bE4r3rT0k3nValue', parts: ['bE4r3rT0k3nValue'] },
  'a JSON web token': { value: jwt, parts: jwt.split('.').slice(1) },
}

const inJson = (text: string) => JSON.stringify(text).slice(1, -1)
const ascii = (text: string) =>
  text.replace(/[^\x00-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
const escapeHtml = (text: string, quote: string, apostrophe: string) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', quote)
    .replaceAll("'", apostrophe)
const hex = (text: string) => Buffer.from(text).toString('hex')
const percent = (text: string) =>
  text.replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`)

/** How programs write a text. */
const spellings: Record<string, (text: string) => string> = {
  'as it is': (text) => text,
  NFC: (text) => text.normalize('NFC'),
  NFD: (text) => text.normalize('NFD'),
  JSON: inJson,
  'JSON in JSON': (text) => inJson(inJson(text)),
  'JSON of Python': (text) => ascii(inJson(text)),
  'JSON of PHP': (text) => ascii(inJson(text)).replaceAll('/', '\\/'),
  'JSON of PHP, slashes only': (text) => inJson(text).replaceAll('/', '\\/'),
  'JSON of Go': (text) => inJson(text).replace(/[<>&]/g, (sign) => ascii(`\\u00${hex(sign)}`)),
  'JSON with capitals': (text) =>
    ascii(inJson(text)).replace(/\\u[\da-f]{4}/g, (one) => `\\u${one.slice(2).toUpperCase()}`),
  HTML: (text) => escapeHtml(text, '"', "'"),
  'HTML of Python': (text) => escapeHtml(text, '&quot;', '&#x27;'),
  'HTML of PHP': (text) => escapeHtml(text, '&quot;', '&#039;'),
  'HTML of Go': (text) => escapeHtml(text, '&#34;', '&#39;'),
  'HTML of mustache': (text) =>
    escapeHtml(text, '&quot;', '&#39;')
      .replace(/[/]/g, '&#x2F;')
      .replaceAll('`', '&#x60;')
      .replaceAll(/=(?!$)|=$/g, '&#x3D;'),
  'HTML, letters as numbers': (text) =>
    escapeHtml(text, '&quot;', '&#39;').replace(/[^\x00-\x7f]/gu, (sign) => `&#${sign.codePointAt(0)};`),
  percent: encodeURIComponent,
  'percent in lower case': (text) => encodeURIComponent(text).replace(/%../g, (one) => one.toLowerCase()),
  'percent of RFC 3986': (text) => percent(encodeURIComponent(text)),
  'a query': (text) => String(new URLSearchParams({ x: text })).slice(2),
  SQL: (text) => text.replaceAll("'", "''"),
  'a shell': (text) => text.replaceAll("'", `'\\''`),
  'a shell, in another way': (text) => text.replaceAll("'", `'"'"'`),
  hex,
  'hex in capitals': (text) => hex(text).toUpperCase(),
  'hex with colons': (text) => hex(text).replace(/..(?=.)/g, '$&:'),
  'a buffer of Node': (text) => hex(text).replace(/..(?=.)/g, '$& '),
  'bytes in JSON': (text) => JSON.stringify([...Buffer.from(text)]).slice(1, -1),
  base64: (text) => Buffer.from(text).toString('base64'),
  'base64 without padding': (text) => Buffer.from(text).toString('base64').replaceAll('=', ''),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 in a URL': (text) => encodeURIComponent(Buffer.from(text).toString('base64')),
}

const chunksOf = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}
const streamed = (redactor: Redactor, bytes: Buffer, cuts: readonly number[]): string => {
  const stream = redactor.stream()
  const out = chunksOf(bytes, cuts).map((chunk) => textOf(stream.push(chunk)))
  return out.join('') + textOf(stream.end())
}
/** The same words with something between them, at most places. */
const woven = (text: string, between: string, width: number) =>
  text.match(new RegExp(`(?:\\\\[nr]|[^]){1,${width}}`, 'gu'))!.join(between)

/** A place at which no `\\n` is taken apart. */
const whole = (text: string, n: number) => (text[n - 1] === '\\' ? n - 1 : n)

/** What happens to a text on its way. */
const cuttings: Record<string, (text: string, n: number) => string> = {
  'in one piece': (text) => text,
  'with a colour in it': (text, n) =>
    `${text.slice(0, whole(text, n))}\u001b[1m${text.slice(whole(text, n))}\u001b[22m`,
  'coloured letter by letter': (text) => woven(text, '\u001b[38;5;12m', 1),
  'with a colour of tput in it': (text, n) =>
    `${text.slice(0, whole(text, n))}\u001b(B\u001b[m${text.slice(whole(text, n))}`,
  'with a link in it': (text, n) =>
    `${text.slice(0, whole(text, n))}\u001b]8;;http://x.example\u0007${text.slice(whole(text, n))}`,
  'folded at a width': (text, n) => woven(text, '\n', 3 + (n % 70)),
  'folded and indented': (text, n) => woven(text, '\r\n    ', 3 + (n % 70)),
  'folded in a string': (text, n) => woven(text, '\\n', 3 + (n % 70)),
}

/** How much of a text stands in another; more than a few letters may not. */
const longestShared = (text: string, out: string): number => {
  let most = 0
  for (let from = 0; from < text.length; from++)
    while (from + most < text.length && out.includes(text.slice(from, from + most + 1))) most += 1
  return most
}
const bare = (text: string) =>
  text
    .replace(/\u001b\[[\d;]*m|\u001b\(B|\u001b\]8;;[^\u0007]*\u0007|\r?\n *|\\n/g, '')
    .replace(/‹secret X›/g, '·')

describe.each(Object.entries(secrets))('%s', (_, { value, parts }) => {
  const redactor = new Redactor()
  redactor.learn('X', value)
  test('is not seen in any spelling, however it is cut, nor are its parts', () => {
    const whole = [value, value.trim(), ...parts]
    fc.assert(
      fc.property(
        fc.constantFrom(...whole),
        fc.constantFrom(...Object.keys(spellings)),
        fc.constantFrom(...Object.keys(cuttings)),
        fc.nat(),
        fc.array(fc.nat(5000), { maxLength: 8 }),
        (secret, spelling, cutting, n, cuts) => {
          const form = spellings[spelling]!(secret)
          // Half of a composed sign would be another text.
          const cut = cuttings[cutting]!(form, 1 + (n % Math.max(1, form.length - 1)))
          const printed = `it is: ${cut} .`
          const plain = form.replace(/[\r\n]+ */g, '').replaceAll('\\n', '')
          for (const out of [redactor.text(printed), streamed(redactor, Buffer.from(printed), cuts)]) {
            expect(out).toContain('‹secret X›')
            expect(longestShared(plain, bare(out).slice(7, -2)), out).toBeLessThan(6)
          }
        },
      ),
      { numRuns: 400 },
    )
  })

  test('is not seen where its lines are short, and it comes in pieces', () => {
    const form = spellings['hex with colons']!(value)
    for (const cutting of ['folded and indented', 'folded in a string']) {
      const printed = `it is: ${cuttings[cutting]!(form, 0)} .`
      const pieces = Array.from({ length: 8 }, (_, i) => 700 * (i + 1))
      expect(streamed(redactor, Buffer.from(printed), pieces)).toBe(redactor.text(printed))
    }
  })

  test('is found in base64 and hex inside of something', () => {
    for (const part of parts)
      for (const before of ['', 'a', 'ab', 'user:'])
        for (const alphabet of ['base64', 'base64url', 'hex'] as const) {
          const out = redactor.text(Buffer.from(`${before}${part}-and-more`).toString(alphabet))
          expect(out).toContain('‹secret X›')
        }
  })
})

test('PHP and Python, where they are there, print no spelling that is not known', () => {
  const value = secrets['a token']!.value
  const redactor = new Redactor()
  redactor.learn('X', value)
  const programs: [string, string[]][] = [
    [
      'python3',
      [
        '-c',
        'import sys,json,html,shlex,urllib.parse as u,base64;s=sys.argv[1]\nfor f in (repr,ascii,json.dumps,html.escape,shlex.quote,u.quote,u.quote_plus): print(f(s))\nprint([s], s.encode(), s.encode().hex(" "), base64.b64encode(s.encode()))',
      ],
    ],
    [
      'php',
      [
        '-r',
        '$s=$argv[1]; echo json_encode($s), htmlspecialchars($s), htmlentities($s), var_export($s, true), urlencode($s), bin2hex($s), addslashes($s), json_encode($s, 15);',
      ],
    ],
    [
      'bash',
      ['-c', 'printf "%q\\n" "$0"; set -x; : "$0"; printf %s "$0" | od -An -tx1; printf %s "$0" | xxd -p'],
    ],
  ]
  for (const [program, args] of programs) {
    let printed: string
    try {
      printed = execFileSync(program, [...args, value], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      })
    } catch {
      continue
    }
    expect(longestShared(value, bare(redactor.text(printed)))).toBeLessThan(6)
    expect(longestShared(hex(value), redactor.text(printed).replace(/[\s:]/g, ''))).toBeLessThan(9)
  }
})

describe('what is no secret stays', () => {
  test.each([
    [
      'postgresql://lumiku:p4ssw0rd9@db.lumiku.example:5432/lumiku',
      'the role lumiku may not; GRANT CREATE ON DATABASE lumiku TO lumiku; db.lumiku.example',
    ],
    [
      JSON.stringify({
        username: 'lumiku',
        host: 'db.lumiku.example',
        dbname: 'lumiku',
        engine: 'postgres',
        password: 'x7Yz-99pw',
      }),
      'lumiku on db.lumiku.example with postgres',
    ],
    [
      'https://hooks.example.com/services/T0AAAA1/B0BBBB2/zZsLaCkTokEn9',
      'its services answer at hooks.example.com',
    ],
    ['https://api.example.com/v1/health?verbose=1', 'GET /v1/health'],
    ['tok_3fA9xyz', 'its token was taken'],
  ])('beside %s', (value, said) => {
    const redactor = new Redactor()
    redactor.learn('X', value)
    expect(redactor.text(said)).toBe(said)
  })

  test('an environment whose name is a part of a secret', () => {
    const redactor = new Redactor()
    redactor.spare(['showroom'])
    redactor.learn('X', '{"stage":"showroom","token":"showroom-9f8a7b"}')
    expect(redactor.text('deploy showroom with showroom-9f8a7b')).toBe('deploy showroom with ‹secret X›')
  })
})

describe('half a secret', () => {
  const redactor = new Redactor()
  redactor.learn('X', 'tok_HALFcutSECRETvalue99')
  redactor.learn('URL', 'postgresql://app:Half9Pass/word%20cut@db1/shop')
  test.each([
    ['z tok_HALFcutSECR', 'z ‹secret X›'],
    ['z tok_HALFcutSECR…', 'z ‹secret X›…'],
    ['first: tok_HALFcutSEC …; others', 'first: ‹secret X› …; others'],
    ['Half9Pass/w', '‹secret URL›'],
  ])('that a step of a team’s own has cut does not come out: %s', (text, shown) => {
    expect(redactor.text(text)).toBe(shown)
  })
  test('is what a child printed last, before it was ended', () => {
    expect(streamed(redactor, Buffer.from('z tok_HALFcutSECR'), [9])).toBe('z ‹secret X›')
  })
  test.each(['what is a tok', 'a token', 'tok_', 'it is postgresql://', 'postgresql://app'])(
    'is not seen in ordinary words: %s',
    (text) => {
      expect(redactor.text(text)).toBe(text)
    },
  )
})

test('a password in an address, or a token in place of a user, is taken out whoever has it', () => {
  const made = new Redactor()
  for (const [text, shown] of [
    [
      "unable to access 'https://ada:unknown9pw@git.example.com/a.git/'",
      "unable to access 'https://ada:***@git.example.com/a.git/'",
    ],
    ['https://ghp_aaaaaaaaaaaaaaaaaaaaaaaa@github.com/a', 'https://***@github.com/a'],
    ['git@github.com:a/b.git ssh://git@github.com/a https://registry.example.com/@scope/x', undefined],
    ['postgresql://user:password@host:port/database', undefined],
    ['http://127.0.0.1:3000/a@b', undefined],
  ] as const) {
    expect(made.text(text)).toBe(shown ?? text)
    for (let cut = 0; cut <= text.length; cut++)
      expect(streamed(made, Buffer.from(text), [cut])).toBe(shown ?? text)
  }
})

test('what looks like a mask hides nothing', () => {
  const redactor = new Redactor()
  redactor.learn('DATABASE_URL', 'hunter2hunter2')
  for (const text of [
    '‹secret hunter2hunter2 and more',
    'see ‹secret hunter2hunter2›',
    '‹secret DATABA …\npassword: hunter2hunter2',
    'hunter2hunter2‹secret hunter2hunter2',
    '‹secret DATABASE_URL›‹secret hunter2hunter2›',
  ])
    expect(redactor.text(text)).not.toContain('hunter2')
  expect(redactor.text('‹secret DATABASE_URL› stays')).toBe('‹secret DATABASE_URL› stays')
})

test('what is behind the first letters of a secret is no secret where it is a word', () => {
  const redactor = new Redactor()
  redactor.spare(['https://staging.shop.example.com'])
  redactor.learn('S', 'x-staging')
  redactor.learn('T', '-https://staging.shop.example.com')
  for (const text of ['deploy to my-staging-1', 'GET https://staging.shop.example.com'])
    expect(redactor.text(text)).toBe(text)
  expect(redactor.text('x-staging x-sta\nging')).toBe('‹secret S› ‹secret S›')
})

test.each([
  ['PIN', '12345', [['PIN', 5]]],
  ['LONG', '123456', []],
  ['DATABASE_URL', 'postgres://shop:abc12@db/shop', [['the password in DATABASE_URL', 5]]],
  ['SERVICE', '{"password":"pw123","key_version":1}', [['the password in SERVICE', 5]]],
  ['ADO', 'Server=db;User Id=sa;Password=Ado;Encrypt=true', [['the Password in ADO', 3]]],
  ['YAML', 'user: shop\ntoken: t0k\n', [['the token in YAML', 3]]],
  ['BASIC', 'ada:pw12', [['the password in BASIC', 4]]],
  ['CACHE', 'localhost:6379', []],
])('of five characters and fewer it is told that they cannot be masked: %s=%s', (name, value, told) => {
  const redactor = new Redactor()
  redactor.learn(name, value)
  expect([...redactor.tooShort]).toEqual(told)
})

describe('with thousands of words to look for, time', () => {
  const msOf = (work: () => void): number => {
    const began = performance.now()
    work()
    return performance.now() - began
  }
  const least = (work: () => void) => Math.min(...[1, 2, 3].map(() => msOf(work)))
  const redactor = new Redactor()
  redactor.learn(
    'KEY',
    key.repeat(4).replace(/[A-Z]{2}/g, (two, at) => `${two}${at % 97}`),
  )
  test.each([
    'abc def… ',
    '\u001b[32mabc\u001b[39m def… ',
    ' \u001b[32m✓\u001b[39m a.test.ts … 12ms\n',
    'a …\n',
  ])('grows with a text, and not with its marks of what was cut: %j', (line) => {
    /** How many bytes are looked at, and how often it is asked what begins at one. */
    const looks = (size: number): number => {
      const [at, next] = [vi.spyOn(Beginnings.prototype, 'at'), vi.spyOn(Beginnings.prototype, 'nextAt')]
      redactor.text(line.repeat(size / line.length))
      const passed = next.mock.calls.map(([, from], i) => Number(next.mock.results[i]!.value) - from)
      const all = at.mock.calls.length + passed.reduce((sum, bytes) => sum + bytes + 1, 0)
      for (const spy of [at, next]) spy.mockRestore()
      return all
    }
    expect(looks(40_000)).toBeLessThan(20 * 40_000)
    expect(looks(40_000) / looks(5_000)).toBeLessThan(12)
  })
  test('to learn a secret grows with it, and what is in it is still found', () => {
    const yaml = (leaves: number) =>
      Array.from(
        { length: leaves },
        (_, i) => `name_${i}: v${Buffer.from(`${i * 7919}`).toString('hex')}-${i}x`,
      ).join('\n')
    const learn = (leaves: number) => new Redactor().learn('Y', yaml(leaves))
    expect(least(() => learn(1600)) / least(() => learn(100))).toBeLessThan(40)
    const made = new Redactor()
    made.learn('Y', yaml(1600))
    expect(
      made.text(
        `first v${Buffer.from('0').toString('hex')}-0x last v${Buffer.from(`${1599 * 7919}`).toString('hex')}-1599x`,
      ),
    ).not.toMatch(/-\d+x/)
  }, 240_000)
})
