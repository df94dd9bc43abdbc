import { mkdir } from 'node:fs/promises'
import { devNull } from 'node:os'
import { envWithout, run } from './run.ts'

export type Commit = { files: string; message: string; date: string }

const author = { name: 'Lumiku Dev Team', email: 'dev@lumiku.com' }

// Neither the operator's git settings nor a hook that we run under may change what is made here.
const gitEnv = {
  ...envWithout('GIT_'),
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: devNull,
  GIT_TERMINAL_PROMPT: '0',
}
const settings = ['core.excludesFile=', 'core.attributesFile=', 'core.autocrlf=false', 'safe.directory=*']

/** Makes an empty bare repository. */
export async function createRemote(remote: string, branch: string, signal?: AbortSignal): Promise<void> {
  await mkdir(remote, { recursive: true })
  await git(['init', '--quiet', '--bare', `--initial-branch=${branch}`, remote], {}, signal)
}

/** Commits the files of a folder on top of the branches and moves them there; gives the commit's id. */
export async function publish(
  remote: string,
  branches: string[],
  { files, message, date }: Commit,
  parent?: string,
  signal?: AbortSignal,
): Promise<string> {
  const at = (argv: string[]) =>
    git([`--git-dir=${remote}`, `--work-tree=${files}`, ...argv], signed(date), signal)
  await at(['add', '--all'])
  const tree = await at(['write-tree'])
  const commit = await at(['commit-tree', tree, ...(parent ? ['-p', parent] : []), '-m', message])
  for (const branch of branches) await at(['update-ref', `refs/heads/${branch}`, commit])
  return commit
}

/** Clones one branch, which then follows the remote's. */
export async function clone(
  remote: string,
  branch: string,
  dir: string,
  signal?: AbortSignal,
): Promise<void> {
  // Whoever commits in it later is somebody.
  const identity = ['--config', `user.name=${author.name}`, '--config', `user.email=${author.email}`]
  await git(['clone', '--quiet', ...identity, '--branch', branch, remote, dir], {}, signal)
}

// Fixed names and dates: the same files make the same commit ids in every world.
function signed(date: string): NodeJS.ProcessEnv {
  return {
    GIT_AUTHOR_NAME: author.name,
    GIT_AUTHOR_EMAIL: author.email,
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_NAME: author.name,
    GIT_COMMITTER_EMAIL: author.email,
    GIT_COMMITTER_DATE: date,
  }
}

function git(argv: string[], env: NodeJS.ProcessEnv, signal?: AbortSignal): Promise<string> {
  const always = settings.flatMap((setting) => ['-c', setting])
  return run(['git', ...always, ...argv], { env: { ...gitEnv, ...env }, signal })
}
