import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { asRoot, NOBODY } from '../rig/accounts.ts'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)

/** Only root can give a file to somebody else. */
describe.runIf(asRoot)('a book of somebody else', () => {
  const found = async () => {
    const book = await withBook('does("one")')
    const { folder } = book
    const [path, below] = [join(folder, 'runbook.config.ts'), join(folder, 'deep/er')]
    mkdirSync(below, { recursive: true })
    const gitconfig = join(folder, 'gitconfig')
    const variables = { GIT_CONFIG_GLOBAL: gitconfig, SUDO_UID: undefined }
    return {
      ...book,
      path,
      gitconfig,
      run: (...args: string[]) => book.runbook(args, { cwd: below, variables }),
    }
  }

  test.each(['plan', 'deploy', 'doctor', 'runs', 'show', 'backups', 'verify'])(
    'is not run by `%s`',
    async (verb) => {
      const { run, path, stateDir } = await found()
      chownSync(path, NOBODY, NOBODY)
      writeFileSync(path, `require('fs').writeFileSync('${path}.ran', ''); export default {}`)
      const { exit, out, err } = await run(verb, ...(verb === 'show' ? [] : ['staging']))
      expect([exit, out + err]).toEqual([
        3,
        expect.stringContaining(`${path} belongs to nobody, not to root`),
      ])
      expect(out + err).toContain(`--config '${path}'`)
      expect(existsSync(`${path}.ran`)).toBe(false)
      expect(existsSync(stateDir)).toBe(false)
    },
  )

  test('nor is one’s own in a folder of somebody else', async () => {
    const { run, folder } = await found()
    chownSync(folder, NOBODY, NOBODY)
    const { exit, out, err } = await run('plan', 'staging')
    expect([exit, out + err]).toEqual([3, expect.stringContaining(`${folder} belongs to nobody`)])
  })

  test('is run where it is named, where git trusts its folder, and where it is of whom sudo was called by', async () => {
    const { run, runbook, path, folder, gitconfig } = await found()
    chownSync(path, NOBODY, NOBODY)
    expect((await run('plan', 'staging')).exit).toBe(3)
    expect((await run('plan', 'staging', '--config', path)).exit).toBe(0)
    expect((await runbook(['plan', 'staging'], { variables: { SUDO_UID: String(NOBODY) } })).exit).toBe(0)
    const trusting = (folder: string) =>
      execFileSync('git', ['config', '-f', gitconfig, '--add', 'safe.directory', folder])
    trusting(`${folder}/deep`)
    expect((await run('plan', 'staging')).exit).toBe(3)
    trusting(folder)
    expect((await run('plan', 'staging')).exit).toBe(0)
    trusting('')
    expect((await run('plan', 'staging')).exit).toBe(3)
    trusting('*')
    expect((await run('plan', 'staging')).exit).toBe(0)
  })
})

describe('a book that others may write', () => {
  const opened = async (open: (at: { folder: string; path: string }) => string) => {
    const book = await withBook('does("one")')
    const deep = join(book.folder, 'of ours/shop')
    mkdirSync(deep, { recursive: true })
    const path = join(deep, 'runbook.config.ts')
    writeFileSync(
      path,
      readFileSync(join(book.folder, 'runbook.config.ts'), 'utf8').replace("dir: 'app'", "dir: '../../app'"),
    )
    const stateDir = join(book.folder, 'state')
    mkdirSync(stateDir, { mode: 0o700 })
    const opens = open({ folder: book.folder, path })
    const run = (...args: string[]) => book.runbook([...args, '--state-dir', stateDir], { cwd: deep })
    return { ...book, path, opens, run }
  }
  const ways: Record<string, (at: { folder: string; path: string }) => string> = {
    'its own mode': ({ path }) => {
      chmodSync(path, 0o666)
      return path
    },
    'a sticky bit of its own': ({ path }) => {
      chmodSync(path, 0o1602)
      return path
    },
    'the folder that it is in': ({ path }) => {
      chmodSync(dirname(path), 0o777)
      return dirname(path)
    },
    'a folder above that': ({ folder }) => {
      chmodSync(join(folder, 'of ours'), 0o733)
      return join(folder, 'of ours')
    },
    'what a link leads to': ({ folder, path }) => {
      mkdirSync(join(folder, 'elsewhere'))
      renameSync(path, join(folder, 'elsewhere/a.ts'))
      symlinkSync('../../elsewhere/a.ts', path)
      chmodSync(join(folder, 'elsewhere'), 0o777)
      return join(folder, 'elsewhere')
    },
    'a folder on the way of a link': ({ folder, path }) => {
      mkdirSync(join(folder, 'elsewhere'))
      renameSync(dirname(path), join(folder, 'elsewhere/shop'))
      symlinkSync(join(folder, 'elsewhere/shop'), dirname(path))
      chmodSync(join(folder, 'elsewhere'), 0o777)
      return join(folder, 'elsewhere')
    },
  }
  const said = (opens: string) =>
    new RegExp(`any user may write ${opens} \\(\\d{4}\\)[^]*→ chmod o-w '${opens}'`)

  test.each(Object.entries(ways))('by %s is not run', async (_, open) => {
    const { path, opens, run } = await opened(open)
    appendFileSync(path, `\nrequire('node:fs').writeFileSync('${path}.ran', '')\n`)
    for (const args of [
      ['plan', 'staging'],
      ['guide', 'staging'],
      ['plan', 'staging', '--config', path],
    ]) {
      const { exit, out, err } = await run(...args)
      expect([exit, out + err]).toEqual([3, expect.stringMatching(said(opens))])
    }
    expect(existsSync(`${path}.ran`)).toBe(false)
    chmodSync(opens, opens === path ? 0o600 : 0o755)
    expect((await run('plan', 'staging')).exit).toBe(0)
  })

  test.each(['deploy', 'runs', 'doctor', 'verify', 'rollback', 'backups', 'lock', 'report'])(
    'is refused by `%s`',
    async (verb) => {
      const { path, in: inApp, runbook } = await opened(({ path }) => path)
      chmodSync(path, 0o622)
      const env = ['runs', 'report'].includes(verb) ? [] : ['staging']
      const more = { deploy: ['--yes'], lock: ['--reason', 'x'] }[verb] ?? []
      const { exit, out, err } = await runbook([verb, ...env, ...more], { cwd: dirname(path) })
      expect([exit, out + err]).toEqual([3, expect.stringContaining('any user may write')])
      expect(existsSync(inApp('done-one'))).toBe(false)
    },
  )

  test('that everybody may only read, in a sticky folder, is run', async () => {
    const { run } = await opened(({ folder, path }) => {
      chmodSync(path, 0o644)
      chmodSync(dirname(path), 0o1777)
      return folder
    })
    expect((await run('plan', 'staging')).exit).toBe(0)
  })

  test.each([
    ["import { one } from './steps/one.ts'", 'steps/one.ts'],
    ["import { one } from './steps/one.js'", 'steps/one.ts'],
    ["import './steps/one'\nconst one = 1", 'steps/one.ts'],
    ["export * from './steps'\nconst one = 1", 'steps/index.ts'],
    ["const { one } = require('../common.cjs')", '../common.cjs'],
    ["const { one } = await import('../common.cjs')", '../common.cjs'],
    [
      "import { one } from './through.ts'",
      'steps/one.ts',
      { 'through.ts': "export { one } from './steps/one.ts'\n" },
    ],
  ] as [string, string, Record<string, string>?][])(
    'nor by what it has with %j',
    async (line, at, more = {}) => {
      const { path, run } = await opened(({ path }) => path)
      const imported = join(dirname(path), at)
      for (const [name, content] of Object.entries({
        ...{ [at]: at.endsWith('.cjs') ? 'exports.one = 1\n' : 'export const one = 1\n', ...more },
      })) {
        mkdirSync(dirname(join(dirname(path), name)), { recursive: true })
        writeFileSync(join(dirname(path), name), content)
      }
      writeFileSync(path, `${line}\n${readFileSync(path, 'utf8')}`)
      expect(await run('plan', 'staging')).toMatchObject({ exit: 0 })
      chmodSync(imported, 0o666)
      appendFileSync(
        imported,
        at.endsWith('.cjs')
          ? `require('fs').writeFileSync('${path}.ran', '')`
          : `import { writeFileSync } from 'node:fs'\nwriteFileSync('${path}.ran', '')`,
      )
      for (const args of [
        ['plan', 'staging'],
        ['deploy', 'staging', '--yes'],
        ['plan', 'staging', '--config', path],
      ]) {
        const { exit, out, err } = await run(...args)
        expect([exit, out + err]).toEqual([3, expect.stringContaining(`→ chmod o-w '${imported}'`)])
      }
      expect(existsSync(`${path}.ran`)).toBe(false)
    },
  )

  test.runIf(asRoot)(
    'of a group that is not its owner’s alone is not run, but in a clone that its group shares',
    async () => {
      const { path, run } = await opened(({ path }) => path)
      chownSync(path, 0, NOBODY)
      chmodSync(path, 0o664)
      const { exit, out, err } = await run('plan', 'staging')
      expect([exit, out + err]).toEqual([3, expect.stringMatching(/the group \w+ may write .*→ chmod g-w/s)])
      const git = (...args: string[]) => execFileSync('git', args, { cwd: dirname(path), stdio: 'ignore' })
      git('init', '-q')
      git('config', 'core.sharedRepository', 'group')
      expect((await run('plan', 'staging')).exit).toBe(0)
    },
  )
})

describe('.env.<environment>', () => {
  const withFile = async (env: string, mode: number) => {
    const book = await withBook('does("one")')
    const file = join(book.folder, `.env.${env}`)
    writeFileSync(file, 'SOME_TOKEN=abcdefgh\n')
    chmodSync(file, mode)
    return { ...book, file }
  }

  test.each([
    ['staging', 0o602, /any user may write .*\.env\.staging \(0602\)/, /→ chmod o-w '.*\.env\.staging'/],
    ['staging', 0o666, /any user may write/, /→ chmod o-w/],
    [
      'production',
      0o644,
      /any user may read .*\.env\.production \(0644\)/,
      /→ chmod o-r '.*\.env\.production'/,
    ],
  ] as const)('of %s with the mode %o is refused', async (env, mode, seen, remedy) => {
    const { runbook, in: inApp } = await withFile(env, mode)
    for (const args of [
      ['deploy', env, '--yes', '--confirm', env],
      ['plan', env],
      ['doctor', env],
    ]) {
      const { exit, out, err } = await runbook(args)
      expect([exit, out + err]).toEqual([3, expect.stringMatching(seen)])
      expect(out + err).toMatch(remedy)
    }
    expect(existsSync(inApp('done-one'))).toBe(false)
  })

  test('that everybody may read is said, where the environment is not protected', async () => {
    const { runbook, file } = await withFile('staging', 0o644)
    const says = `! any user may read ${file} (0644): chmod o-r '${file}'`
    for (const args of [
      ['deploy', 'staging', '--yes'],
      ['doctor', 'staging'],
    ]) {
      const { exit, out } = await runbook(args)
      expect([exit, out]).toEqual([0, expect.stringContaining(says)])
    }
    chmodSync(file, 0o640)
    expect((await runbook(['deploy', 'staging', '--yes'])).out).not.toContain('any user')
  })

  test.runIf(asRoot)('of somebody else is refused, and one of their group’s too', async () => {
    const { runbook, file } = await withFile('staging', 0o600)
    chownSync(file, NOBODY, NOBODY)
    const theirs = await runbook(['plan', 'staging'])
    expect([theirs.exit, theirs.err + theirs.out]).toEqual([3, expect.stringContaining('belongs to nobody')])
    chownSync(file, 0, NOBODY)
    chmodSync(file, 0o660)
    const group = await runbook(['plan', 'staging'])
    expect([group.exit, group.err + group.out]).toEqual([3, expect.stringMatching(/the group \w+ may write/)])
    chmodSync(file, 0o640)
    expect((await runbook(['plan', 'staging'])).exit).toBe(0)
  })
})

test('the cache is done without where somebody else could put another one there', async () => {
  const { runbook, folder } = await withBook('does("one")')
  const cache = join(folder, 'open/cache')
  mkdirSync(join(folder, 'open'))
  const plan = () => runbook(['plan', 'staging'], { variables: { XDG_CACHE_HOME: cache } })
  expect((await plan()).exit).toBe(0)
  expect(existsSync(join(cache, 'runbook'))).toBe(true)
  renameSync(cache, `${cache} of before`)
  chmodSync(join(folder, 'open'), 0o777)
  expect((await plan()).exit).toBe(0)
  expect(existsSync(cache)).toBe(false)
})
