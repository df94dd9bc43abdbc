import { z } from 'zod'
import { branchFree } from '../checks/branch-free.ts'
import { headIs } from '../checks/head-is.ts'
import { isClone } from '../checks/is-clone.ts'
import { noGitOperation } from '../checks/no-git-operation.ts'
import { onBranch } from '../checks/on-branch.ts'
import { remoteAnswers } from '../checks/remote-answers.ts'
import { remoteHasBranch } from '../checks/remote-has-branch.ts'
import { remoteHasRevision } from '../checks/remote-has-revision.ts'
import { toolPresent } from '../checks/tool-present.ts'
import { treeIs } from '../checks/tree-is.ts'
import type { Act, Actions, Environment, Look } from '../runbook/index.ts'
import {
  defineCheck,
  defineStep,
  early,
  factory,
  fails,
  holds,
  quantity,
  reads,
  reverse,
  revisionName,
  typed,
} from '../runbook/index.ts'
import { contentsCanBeHad } from './code/contents-can-be-had.ts'
import { hooksLeftOut, hooksText } from './code/git-hooks.ts'
import { noGitLock } from './code/git-locks.ts'
import { incomingCommits, type Wanted } from './code/incoming-commits.ts'
import { lfsFilled } from './code/lfs.ts'
import { moveBack, moveForwards, type Observed } from './code/move-actions.ts'
import { nothingInTheWay } from './code/nothing-in-the-way.ts'
import { nothingLeft } from './code/nothing-left.ts'
import { isUnsettled, nothingOfOthers, settle, settling } from './code/settle.ts'
import { gitLocked, gitStandsStill } from './diagnoses/git-stands-still.ts'
import { gitEvidence } from './evidence/git.ts'

/** Neither an option of git's nor anything that it could take for one. */
const name = z.string().regex(/^[^\s-][^\s\x00-\x1f~^:?*[\\]*$/, 'a name as git understands it')

/** Brings the clone to the head of a branch of its remote, or to a tag or a commit of it. */
export const pullCode = factory(
  'pull-code',
  {
    /** Default: origin. */
    remote: name.default('origin').describe('the git remote; default: origin'),
    /** Default: the environment's `app.branch`. */
    branch: name.optional().describe("the branch to deploy; default: the environment's app.branch"),
    /** Default: the head of the branch. `app.revision` of the environment and `--revision` go before it. */
    revision: revisionName
      .optional()
      .describe(
        'the tag or commit to deploy, in place of the head of the branch; app.revision of the environment and `--revision` go before it',
      ),
  },
  (options) => {
    const { remote } = options
    const branchOf = (env: Environment) => options.branch ?? env.app.branch
    const revisionOf = ({ app }: Environment) => app.revision ?? options.revision
    const wantedOf = (env: Environment): Wanted => ({ branch: branchOf(env), revision: revisionOf(env) })

    return defineStep({
      id: 'pull-code',
      title: 'Pull the latest code',
      about:
        'Fast-forwards the clone to the head of the branch, or checks out the tag or commit that `app.revision` or ' +
        '`--revision` names, where the remote has it, so that what runs is what was reviewed. Refuses a working ' +
        'tree with changes, history that diverged, and a file that the new revision would overwrite although git does ' +
        'not track it; a submodule whose commit cannot be had, and files in Git LFS where git-lfs is missing. git calls none ' +
        'of the clone’s hooks. Proves by content that HEAD, the index, the files, the submodules at any depth and what is ' +
        'in Git LFS are those of the very commit that the plan named. What a checkout that was cut off has left is put back first, exactly that; a file that ' +
        'somebody has changed never is. Going back checks the previous commit out, without a branch.',
      sort: 'state',
      takesRevision: true,
      needs: ({ env }) => {
        const revision = revisionOf(env)
        return [
          toolPresent('git'),
          isClone(),
          noGitLock(),
          noGitOperation(),
          nothingOfOthers(),
          hooksLeftOut(),
          ...(revision === undefined ? [branchFree(branchOf(env))] : []),
          remoteAnswers(remote),
          revision === undefined
            ? remoteHasBranch(branchOf(env), remote)
            : remoteHasRevision(revision, remote),
          contentsCanBeHad(remote, wantedOf(env)),
        ]
      },
      observe: (at) => incomingCommits(at, remote, wantedOf(at.env)),
      revision: ({ observed: { from, to } }) => ({ from, to }),
      restsOn: ({ observed: { from } }) => ({ HEAD: from }),
      findings: ({
        observed: { commits, commitCount, changedFiles, named, to, dropped, droppedCount, submodules, hooks },
      }) => [
        ...(named ? [`${named}, ${to.slice(0, 7)}, without a branch`] : []),
        ...(commitCount
          ? [`${quantity(commitCount, 'commit')}, ${quantity(changedFiles, 'file')} changed:`]
          : []),
        ...commits.map(({ id, author, subject }) => `  ${id} ${subject} (${author})`),
        ...(commitCount > commits.length ? [`  … and ${commitCount - commits.length} more`] : []),
        ...(droppedCount
          ? [`${quantity(droppedCount, 'commit')} that is there now does not come with it:`]
          : []),
        ...(dropped ?? []).map(({ id, author, subject }) => `  ${id} ${subject} (${author})`),
        ...(droppedCount > dropped?.length ? [`  … and ${droppedCount - dropped.length} more`] : []),
        ...(submodules.left ?? []).map(
          (path) =>
            `the submodule ${path} does not come any more; its folder stays, with files that no commit has`,
        ),
        ...(hooks?.names.length ? [hooksText(hooks.folder, hooks.names)] : []),
      ],
      before: ({ observed, env }) => [
        ...(observed.named ? [] : [early(canFastForward(observed, branchOf(env), remote))]),
        noGitLock(),
        nothingOfOthers(),
        early(nothingInTheWay(observed, remote)),
      ],
      actions: ({ observed, env, again }): Actions => ({
        ...((observed.unsettled || again) && settling),
        ...moveForwards(observed, { remote, branch: branchOf(env) }),
      }),
      run: async (act) => {
        const { observed, env, again } = act
        const branch = branchOf(env)
        if (observed.unsettled || again) await settle(act as Act<any, Observed>)
        for (const name of Object.keys(moveForwards(observed, { remote, branch }))) {
          if (again && (await isPast(name, act, branch))) continue
          await act.perform(name)
        }
      },
      after: ({ observed: { from, to, named, lfs }, env }) => [
        headIs(to),
        ...(named ? [] : [onBranch(branchOf(env))]),
        treeIs(to, { from }),
        ...(lfs?.files ? [lfsFilled(to, from)] : []),
        nothingLeft(),
      ],
      output: async ({ observed: { from, to } }) => ({ from, to }),
      foresee: ({ observed: { from, to } }) => ({ from, to }),
      summary: ({ observed: { from, to, commitCount, named, droppedCount } }) =>
        `${from.slice(0, 7)} → ${to.slice(0, 7)}, ${[
          ...(named ? [named] : []),
          ...(droppedCount ? [`${quantity(droppedCount, 'commit')} back`] : []),
          ...(commitCount || !droppedCount ? [quantity(commitCount, 'commit')] : []),
        ].join(', ')}`,
      evidence: () => [gitEvidence],
      diagnoses: () => [gitLocked(), gitStandsStill()],
      undo: ({ observed }) => {
        const { from, to, lfs } = observed
        return reverse(
          'code',
          moveBack(observed),
          [
            headIs(from),
            treeIs(from, { from: to }),
            ...(lfs?.before ? [lfsFilled(from, to)] : []),
            nothingLeft(),
          ],
          {
            needs: [noGitLock(), noGitOperation()],
            before: [isInRepository(from, remote), nothingOfOthers()],
            settle: { isNeeded: isUnsettled, actions: settling, run: settle },
          },
        )
      },
    })
  },
)

const isInRepository = (commit: string, remote: string) =>
  defineCheck({
    fact: `the previous revision ${commit.slice(0, 7)} is in the repository`,
    remedy: typed`git fetch ${remote} ${commit}`,
    look: async ({ attempt }) =>
      (await attempt(reads('git', 'cat-file', '-e', `${commit}^{tree}`))).ok
        ? holds('it is')
        : fails('git has no such commit any more'),
  })

/** What cannot be done twice, and an earlier attempt has got to. */
const isPast = async (name: string, at: Look & { observed: Observed }, branch: string): Promise<boolean> => {
  const { to } = at.observed
  const tip = await at.attempt(reads('git', 'rev-parse', '--verify', '--quiet', `refs/heads/${branch}`))
  if (name === 'forward') return tip.ok && tip.value === to
  if (name !== 'checkout' || !(await headIs(to).look(at)).holds) return false
  return at.observed.named !== null || (await onBranch(branch).look(at)).holds
}

const canFastForward = ({ relation, tip, to, ahead, behind }: Observed, branch: string, remote: string) =>
  defineCheck({
    fact: `${branch} can be fast-forwarded to ${remote}/${branch}`,
    remedy:
      relation === 'ahead'
        ? typed`git push -- ${remote} ${branch}, so that it is reviewed, or drop it: git reset --keep ${to.slice(0, 7)}`
        : typed`git fetch ${remote}; rebase ${branch} and push it, or drop what is only here: git reset --keep FETCH_HEAD`,
    look: async () => {
      const [here, there] = [tip.slice(0, 7), to.slice(0, 7)]
      if (relation === 'same') return holds(`both at ${to.slice(0, 7)}`)
      if (relation === 'behind') return holds(`${here} → ${there}, ${quantity(behind, 'commit')}`)
      const alone = `${branch} is at ${here} with ${quantity(ahead, 'commit')} that ${remote} lacks`
      return fails(
        `${alone}; ${remote}/${branch} is at ${there}${behind ? ` with ${behind} that ${branch} lacks` : ''}`,
      )
    },
  })
