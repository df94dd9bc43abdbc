import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { booksEndedBy, endsAfterEach } from '../rig/ends.ts'

const ends = endsAfterEach()
const withBook = booksEndedBy(ends)
const asRoot = process.getuid?.() === 0
const NOBODY = 65534

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
