import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** git without the settings of whoever runs the tests. */
export const gitVariables = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'Ada Author',
  GIT_AUTHOR_EMAIL: 'ada@example.com',
  GIT_COMMITTER_NAME: 'Ada Author',
  GIT_COMMITTER_EMAIL: 'ada@example.com',
}

export const git = (cwd: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd,
    env: { ...process.env, ...gitVariables },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

export type Files = Record<string, string | null>

/** A bare remote, the place of someone who pushes to it, and the clone that is deployed; paths have spaces in them. */
export const gitRemote = (files: Files = { 'app.txt': 'one\n' }, { branch = 'main' } = {}) => {
  const home = mkdtempSync(join(tmpdir(), 'runbook git '))
  const [remote, desk, clone] = [join(home, 'the remote.git'), join(home, 'desk'), join(home, 'the clone')]
  git(home, 'init', '--quiet', '--bare', `--initial-branch=${branch}`, remote)
  git(home, 'init', '--quiet', `--initial-branch=${branch}`, desk)
  git(desk, 'remote', 'add', 'origin', remote)
  const write = (root: string, changes: Files) => {
    for (const [path, content] of Object.entries(changes)) {
      const file = join(root, path)
      mkdirSync(dirname(file), { recursive: true })
      if (content === null) rmSync(file)
      else writeFileSync(file, content)
    }
  }
  /** Commits in a folder, and gives the full id. */
  const commit = (root: string, changes: Files, message: string): string => {
    write(root, changes)
    git(root, 'add', '--all')
    git(root, 'commit', '--quiet', '--allow-empty', '--message', message)
    return git(root, 'rev-parse', 'HEAD')
  }
  /** A commit that waits on the remote. */
  const push = (changes: Files, message = 'Change', to = branch): string => {
    const id = commit(desk, changes, message)
    git(desk, 'push', '--quiet', 'origin', `HEAD:refs/heads/${to}`)
    return id
  }
  const first = push(files, 'First')
  git(home, 'clone', '--quiet', remote, clone)
  return {
    home,
    remote,
    desk,
    clone,
    first,
    write,
    commit,
    push,
    dispose: () => rmSync(home, { recursive: true, force: true }),
  }
}

/** Everything below a folder with its content, mode and time, to see whether anything moved. */
export const snapshotOf = (folder: string): Record<string, string> => {
  const seen: Record<string, string> = {}
  const visit = (path: string) => {
    const { mode, mtimeMs } = lstatSync(path)
    const stat = lstatSync(path)
    const content = stat.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : stat.isSymbolicLink()
        ? readlinkSync(path)
        : ''
    seen[path] = `${mode.toString(8)} ${mtimeMs} ${content}`
    if (stat.isDirectory()) for (const name of readdirSync(path)) visit(join(path, name))
  }
  visit(folder)
  return seen
}
