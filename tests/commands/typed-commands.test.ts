import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { bookFolder, commandLine, prelude } from '../rig/command-line.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitVariables } from '../rig/git-remote.ts'

// What is printed to be typed is typed here, with names of folders, branches, processes and files that a shell would take apart.

const ends = endsAfterEach()

const APP = 'ada\'s app; touch ran-dir; `touch ran-tick` $(touch ran-sub) & "x" *'
const BRANCH = "feat/it's;touch${IFS}ran-branch;$(touch${IFS}ran-sub)&'"

/** An application of that name, its remote, a book elsewhere, and an empty folder in which what is printed is pasted. */
const world = async (steps: string, environment = '') => {
  const home = mkdtempSync(join(tmpdir(), "typed o'clock "))
  ends.push(() => rmSync(home, { recursive: true, force: true }))
  const [remote, desk, app, here] = ['remote.git', 'desk', APP, 'here'].map((name) => join(home, name)) as [
    string,
    string,
    string,
    string,
  ]
  mkdirSync(here)
  git(home, 'init', '-q', '--bare', '-b', BRANCH, remote)
  git(home, 'init', '-q', '-b', BRANCH, desk)
  git(desk, 'remote', 'add', 'origin', `file://${remote}`)
  const push = (files: Record<string, string>): string => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(desk, path)), { recursive: true })
      writeFileSync(join(desk, path), content)
    }
    git(desk, 'add', '-A')
    git(desk, 'commit', '-qm', 'more')
    git(desk, 'push', '-q', 'origin', BRANCH)
    return git(desk, 'rev-parse', 'HEAD')
  }
  const first = push({ 'a.txt': 'one\n' })
  git(home, '-c', 'protocol.file.allow=always', 'clone', '-q', '-b', BRANCH, `file://${remote}`, app)
  const book = await bookFolder(`${prelude}
import * as s from 'runbook/steps'
export default defineRunbook({
  name: 'typed',
  environments: { staging: { app: { dir: ${JSON.stringify(app)}, branch: ${JSON.stringify(BRANCH)} }, ${environment} } },
  deploy: () => [${steps}],
})
`)
  ends.push(book.dispose)
  const bin = join(home, 'bin')
  mkdirSync(bin)
  const cli = await commandLine()
  writeFileSync(join(bin, 'runbook'), `#!/bin/sh\nexec '${process.execPath}' '${cli}' "$@"\n`, {
    mode: 0o755,
  })
  const variables = { ...gitVariables, GIT_CONFIG_COUNT: undefined, PATH: `${bin}:${process.env.PATH}` }
  return {
    ...{ home, app, here, first, push, book },
    runbook: (...args: string[]) => book.runbook(args, { variables }),
    head: () => git(app, 'rev-parse', 'HEAD'),
    /** As somebody who copies it from the screen, in a folder in which anything that it makes by accident shows. */
    type: (lines: string, cwd = here) => {
      const typed = spawnSync('bash', ['--norc', '-c', lines], {
        cwd,
        encoding: 'utf8',
        env: { ...process.env, ...gitVariables, PATH: variables.PATH },
      })
      return { exit: typed.status, out: typed.stdout + typed.stderr }
    },
    /** Nothing in a name was taken for a command. */
    strays: () =>
      [here, app, book.folder].flatMap((folder) => readdirSync(folder).filter((name) => /^ran-/.test(name))),
  }
}

const found = (text: string, pattern: RegExp): string => {
  const [, command] = pattern.exec(text) ?? []
  if (command === undefined) throw new Error(`${pattern} is not in:\n${text}`)
  return command
}

test('a guide that is pasted brings about what the book does, and nothing else', async () => {
  const { app, here, push, runbook, type, strays, head } = await world(
    `s.pullCode(),
     s.editFile({ file: "sub dir/it's.conf", find: 'old', replace: "new; $(touch ran-edit) 'x'" }),
     s.shell({ in: 'sub dir', block: 'pwd > "where it ran"\\necho "$HELLO" >> "where it ran"', undo: { nothing: 'x' } })`,
    `variables: { HELLO: "it's '; touch ran-variable; '" }`,
  )
  const second = push({ "sub dir/it's.conf": 'a\nold\nb\n' })
  git(app, '-c', 'protocol.file.allow=always', 'pull', '-q', '--ff-only')
  const third = push({ 'a.txt': 'three\n' })
  const guide = await runbook('guide', 'staging')
  expect(guide.exit, guide.err).toBe(0)
  const blocks = [...guide.out.matchAll(/^(`{3,})sh\n([\s\S]*?)\n\1$/gm)].map(([, , text]) => text!)
  // What takes back what was done stands there too.
  const forwards = blocks.filter((text) => !/checkout --detach|^cat > .*[\s\S]*^old$/m.test(text))
  expect(blocks.length).toBeGreaterThan(forwards.length)
  const typed = type(forwards.join('\n'))
  expect([strays(), readdirSync(here)]).toEqual([[], []])
  expect(head(), typed.out).toBe(third)
  expect(second).not.toBe(third)
  const read = (path: string) => execFileSync('cat', [join(app, path)], { encoding: 'utf8' })
  expect(read("sub dir/it's.conf")).toBe("a\nnew; $(touch ran-edit) 'x'\nb\n")
  expect(read('sub dir/where it ran')).toBe(`${join(app, 'sub dir')}\nit's '; touch ran-variable; '\n`)
})

test('what a refusal tells to type is typed, and does what it says', async () => {
  const { app, book, push, runbook, type, strays, head, first } = await world('s.pullCode()')
  const second = push({ 'a.txt': 'two\n' })
  const deployed = await runbook('deploy', 'staging', '--yes')
  expect(deployed.exit, deployed.out).toBe(0)
  // Somebody has moved it meanwhile.
  git(app, 'commit', '-q', '--allow-empty', '-m', 'by hand')
  const refused = await runbook('rollback', 'staging', '--yes')
  expect(refused.exit).toBe(3)
  const came = type(found(refused.err, /see what came: (git -C [\s\S]*?); to go back/))
  expect([came.exit, came.out]).toEqual([0, expect.stringContaining('by hand')])
  const over = found(refused.err, /on purpose: (runbook rollback .*)/)
  const back = type(`${over} --yes`, book.folder)
  expect([back.exit, head()], back.out).toEqual([0, first])
  expect(second).not.toBe(first)
  expect(strays()).toEqual([])
})

test('a lock that git has left is removed as the checklist says', async () => {
  const { app, runbook, type, strays } = await world('s.pullCode()')
  const lock = join(app, '.git/index.lock')
  writeFileSync(lock, '')
  const refused = await runbook('doctor', 'staging')
  expect(refused.exit).toBe(3)
  const typed = type(found(refused.out, /then (rm [\s\S]*?index\.lock\S*)/))
  expect([typed.exit, existsSync(lock)], typed.out).toEqual([0, false])
  expect((await runbook('doctor', 'staging')).exit).toBe(0)
  expect(strays()).toEqual([])
})

test('a folder that is open to others is closed as the refusal says, also below where the shell stands', async () => {
  const { book, type } = await world('s.pullCode()')
  const state = join(book.folder, "its 'state'")
  mkdirSync(state, { mode: 0o755 })
  const deploy = `runbook deploy staging --yes --state-dir ${quoted(state)}`
  const refused = type(deploy, book.folder)
  expect(refused.exit, refused.out).toBe(3)
  const mended = type(found(refused.out, /(chmod 700 .*?); or keep/), book.folder)
  expect([mended.exit, statSync(state).mode & 0o777], refused.out).toEqual([0, 0o700])
  const again = type(deploy, book.folder)
  expect(again.exit, again.out).toBe(0)
})

test('the next command finds the book and the transcripts that were named', async () => {
  const { home, here, book, type, strays } = await world(
    `does('one', ':', { sort: 'state', undo: () => r.reverse('code', { back: changes('rm', 'done-one') }) }), sh('two', 'exit 3', { sort: 'prepares' })`,
  )
  const state = join(home, "its state; touch ran-state; $(touch 'ran-x')")
  const config = join(book.folder, 'runbook.config.ts')
  const quotedArgs = [config, state].map(quoted)
  const failed = type(`runbook deploy staging --yes --config ${quotedArgs[0]} --state-dir ${quotedArgs[1]}`)
  expect(failed.exit, failed.out).toBe(1)
  const [on, back, help] = [/go on +(runbook .*)/, /or back +(runbook .*)/, /for help +(runbook .*)/].map(
    (one) => found(failed.out, one),
  ) as [string, string, string]
  const again = type(`${on} --yes`)
  // It is the same run, which fails again.
  expect(again.out).toContain('goes on with')
  expect(type(help).exit).toBe(0)
  expect(type(`${back} --yes`).out).toContain('olled back')
  expect([
    strays(),
    readdirSync(here).filter((name) => !name.endsWith('.zip') && !name.includes('tar')),
  ]).toEqual([[], []])
})

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
