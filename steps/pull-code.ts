import { z } from 'zod'
import { headIs } from '../checks/head-is.ts'
import { isClone } from '../checks/is-clone.ts'
import { onBranch } from '../checks/on-branch.ts'
import { remoteAnswers } from '../checks/remote-answers.ts'
import { remoteHasBranch } from '../checks/remote-has-branch.ts'
import { toolPresent } from '../checks/tool-present.ts'
import { workingTreeClean } from '../checks/working-tree-clean.ts'
import type { Environment } from '../runbook/index.ts'
import {
  changes,
  defineCheck,
  defineStep,
  early,
  factory,
  fails,
  holds,
  quantity,
  reads,
  reverse,
} from '../runbook/index.ts'
import { incomingCommits } from './code/incoming-commits.ts'
import { nothingInTheWay } from './code/nothing-in-the-way.ts'
import { gitEvidence } from './evidence/git.ts'

/** Neither an option of git's nor anything that it could take for one. */
const name = z.string().regex(/^[^\s-][^\s\x00-\x1f~^:?*[\\]*$/, 'a name as git understands it')

/** Brings the clone to the head of a branch of its remote. */
export const pullCode = factory(
  'pull-code',
  {
    /** Default: origin. */
    remote: name.default('origin').describe('the git remote; default: origin'),
    /** Default: the environment's `app.branch`. */
    branch: name.optional().describe("the branch to deploy; default: the environment's app.branch"),
  },
  (options) => {
    const { remote } = options
    const branchOf = (env: Environment) => options.branch ?? env.app.branch

    return defineStep({
      id: 'pull-code',
      title: 'Pull the latest code',
      about:
        'Fast-forwards the clone to the head of the branch, so that what runs is what was reviewed. Refuses a working ' +
        'tree with changes, history that diverged, and a file that the new revision would overwrite although git does ' +
        'not track it. Proves that HEAD is the very commit that the plan named. Going back checks the previous commit ' +
        'out, without a branch.',
      sort: 'state',
      needs: ({ env }) => [
        toolPresent('git'),
        isClone(),
        workingTreeClean(),
        remoteAnswers(remote),
        remoteHasBranch(branchOf(env), remote),
      ],
      observe: (at) => incomingCommits(at, remote, branchOf(at.env)),
      revision: ({ observed: { from, to } }) => ({ from, to }),
      restsOn: ({ observed: { from } }) => ({ HEAD: from }),
      findings: ({ observed: { commits, commitCount, changedFiles } }) => [
        ...(commitCount
          ? [`${quantity(commitCount, 'commit')}, ${quantity(changedFiles, 'file')} changed:`]
          : []),
        ...commits.map(({ id, author, subject }) => `  ${id} ${subject} (${author})`),
        ...(commitCount > commits.length ? [`  … and ${commitCount - commits.length} more`] : []),
      ],
      before: ({ observed, env }) => [
        early(canFastForward(observed, branchOf(env), remote)),
        workingTreeClean(),
        early(nothingInTheWay(observed, remote)),
      ],
      actions: ({ observed: { checkedOut, here, to, submodules }, env }) => {
        const branch = branchOf(env)
        const keepIgnored = '--no-overwrite-ignore'
        return {
          fetch: changes('git', 'fetch', remote, `refs/heads/${branch}`),
          ...(checkedOut !== branch && {
            checkout: here
              ? changes('git', 'checkout', keepIgnored, branch, '--')
              : changes('git', 'checkout', keepIgnored, '-b', branch, to, '--'),
          }),
          advance: changes('git', 'merge', '--ff-only', keepIgnored, to),
          ...(submodules && { submodules: changes('git', 'submodule', 'update', '--recursive') }),
        }
      },
      after: ({ observed, env }) => [headIs(observed.to), onBranch(branchOf(env))],
      output: async ({ observed: { from, to } }) => ({ from, to }),
      foresee: ({ observed: { from, to } }) => ({ from, to }),
      summary: ({ observed: { from, to, commitCount } }) =>
        `${from.slice(0, 7)} → ${to.slice(0, 7)}, ${quantity(commitCount, 'commit')}`,
      evidence: () => [gitEvidence],
      undo: ({ observed: { from, submodules } }) =>
        reverse(
          'code',
          {
            back: changes('git', 'checkout', '--detach', from),
            ...(submodules && { submodules: changes('git', 'submodule', 'update', '--recursive') }),
          },
          [headIs(from)],
          { before: [isInRepository(from, remote)] },
        ),
    })
  },
)

const isInRepository = (commit: string, remote: string) =>
  defineCheck({
    fact: `the previous revision ${commit.slice(0, 7)} is in the repository`,
    remedy: `git fetch ${remote} ${commit}`,
    look: async ({ attempt }) =>
      (await attempt(reads('git', 'cat-file', '-e', `${commit}^{tree}`))).ok
        ? holds('it is')
        : fails('git has no such commit any more'),
  })

type Observed = Awaited<ReturnType<typeof incomingCommits>>

const canFastForward = ({ relation, tip, to, ahead, behind }: Observed, branch: string, remote: string) =>
  defineCheck({
    fact: `${branch} can be fast-forwarded to ${remote}/${branch}`,
    remedy:
      relation === 'ahead'
        ? `git push ${remote} ${branch}, so that it is reviewed, or drop it: git reset --keep ${to.slice(0, 7)}`
        : `git fetch ${remote}; rebase ${branch} and push it, or drop what is only here: git reset --keep FETCH_HEAD`,
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
