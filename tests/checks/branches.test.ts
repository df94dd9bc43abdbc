import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { onBranch } from '../../checks/on-branch.ts'
import { remoteHasBranch } from '../../checks/remote-has-branch.ts'
import { pullCode } from '../../steps/pull-code.ts'
import { endsAfterEach } from '../rig/ends.ts'
import { git, gitRemote, gitVariables } from '../rig/git-remote.ts'
import { stepRig } from '../rig/step-rig.ts'

const ends = endsAfterEach()

// git makes none whose name begins with a dash, but has those that were made by other means.
const BRANCHES = ["-b'$(touch${IFS}PWN);`touch${IFS}PWN`", '-f', '--orphan', "a'$(touch${IFS}PWN)'b", 'plain']

const world = async (branch: string) => {
  const repos = gitRemote()
  ends.push(repos.dispose)
  const { clone, first } = repos
  git(clone, 'update-ref', `refs/heads/${branch}`, first)
  const rig = await stepRig({ dir: clone, app: { branch }, variables: gitVariables })
  ends.push(rig.dispose)
  const type = (command: string) => {
    const typed = spawnSync('bash', ['-c', command], {
      cwd: clone,
      env: { ...process.env, ...gitVariables },
      encoding: 'utf8',
    })
    return [typed.status, typed.status === 0 ? '' : typed.stderr]
  }
  return { ...repos, rig, type, at: () => git(clone, 'symbolic-ref', 'HEAD') }
}

test.each(BRANCHES)('what is to be typed for the branch %s does what it says', async (branch) => {
  const { rig, type, remote, clone, at } = await world(branch)
  expect(type(onBranch(branch).remedy)).toEqual([0, ''])
  expect(at()).toBe(`refs/heads/${branch}`)
  expect(await rig.look(onBranch(branch))).toMatchObject({ holds: true })
  const [push] = remoteHasBranch(branch).remedy.split(' from where it exists')
  expect(type(push!)).toEqual([0, ''])
  expect(git(remote, 'for-each-ref', '--format=%(refname)')).toContain(`refs/heads/${branch}`)
  expect(git(clone, 'status', '--porcelain')).toBe('')
})

test.each(BRANCHES)('the branch %s is checked out where another one is', async (branch) => {
  const { rig, push, at } = await world(branch)
  push({ 'app.txt': 'two\n' }, 'Second', branch)
  const run = await rig.run(pullCode())
  expect(run.failure).toBeUndefined()
  expect(at()).toBe(`refs/heads/${branch}`)
})
