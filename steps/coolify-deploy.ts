import { z } from 'zod'
import { coolifyAccess } from '../checks/coolify-access.ts'
import { coolifyDeployed } from '../checks/coolify-deployed.ts'
import { tells } from '../checks/reading/coolify-api.ts'
import { secretPresent } from '../checks/secret-present.ts'
import {
  defineCheck,
  defineStep,
  early,
  factory,
  fails,
  forwardOnly,
  given,
  holds,
  reverse,
  within,
} from '../runbook/index.ts'
import { deployAndFollow } from './coolify/follow-deployment.ts'
import { type ObservedApplication, observeApplication } from './coolify/observe-application.ts'
import { coolifyOptions } from './coolify/options.ts'
import { serves } from './coolify/serves.ts'

export const coolifyDeploy = factory(
  'coolify-deploy',
  {
    ...coolifyOptions,
    /** Builds without Coolify's cache, and deploys also what is deployed already. Default: false. */
    force: z
      .boolean()
      .default(false)
      .describe('build without Coolify’s cache, and deploy also what is deployed already'),
    /** The remote of the application's folder that Coolify deploys from. Default: origin; false: not asked. */
    remote: z
      .union([z.string().regex(/^[^\s-]\S*$/, 'the name of a remote'), z.literal(false)])
      .default('origin')
      .describe(
        'the remote of the application’s folder that Coolify deploys from: it tells the plan which commit that will be; false: not asked',
      ),
  },
  ({ force, remote, ...options }) => {
    const { application, url, timeout, queue } = options
    const path = `/applications/${application}`
    const deploy = `/deploy?uuid=${application}&force=${force}`

    return defineStep({
      id: 'coolify-deploy',
      title: 'Deploy with Coolify',
      about:
        'Has Coolify build and start the application, and stays with it to the end: Coolify answers at once, and while ' +
        'the new build dies the old container goes on answering 200. Its log stands in the transcript. Proves that the ' +
        'deployment finished and that the commit it was made from is what answers. An interrupt cancels it. Where ' +
        'somebody has begun a deployment of the same commit, that one is followed. Going back deploys the previous commit: ' +
        'from 4.3 on with the image that Coolify kept, before that by holding the application at it.',
      sort: 'state',
      needs: () => [secretPresent(options.token.name), coolifyAccess(options)],
      observe: (look) => observeApplication(look, options, application, remote),
      revision: ({ observed: { from, to } }) => (from && to ? { from, to } : undefined),
      findings: ({ observed }) => findingsOf(observed),
      before: ({ observed }) => [early(followsItsBranch(observed, url))],
      actions: () => ({
        trigger: tells(options, 'POST', deploy),
        // Performed only where the deployment is not to go on.
        cancel: given(['deployment'], ({ deployment }) =>
          tells(options, 'POST', `/deployments/${deployment}/cancel`),
        ),
      }),
      run: (act) => deployAndFollow(act, { ...options, wanted: act.observed.to }),
      after: ({ observed: { to, last }, env }) => [
        coolifyDeployed({
          ...options,
          ...(to && { commit: to }),
          ...((force || !to) && { newerThan: last }),
        }),
        ...serves(options, env, to ?? undefined),
      ],
      summary: ({ observed: { name, from, to } }) =>
        `${name} ${from ? `${from.slice(0, 7)} → ` : ''}${to?.slice(0, 7) ?? 'deployed'}`,
      undo: ({ observed: { from, rollback }, env }) => {
        if (!from)
          return forwardOnly(
            'Coolify has deployed nothing before it',
            `stop the application in Coolify: ${url}`,
          )
        const accept = { accept: [200] }
        const actions =
          rollback === 'call'
            ? { back: { ...tells(options, 'POST', `${path}/rollback`, { commit: from }), ...accept } }
            : {
                hold: { ...tells(options, 'PATCH', path, { git_commit_sha: from }), ...accept },
                back: { ...tells(options, 'POST', deploy), ...accept },
              }
        return reverse('code', actions, [
          within(coolifyDeployed({ ...options, commit: from }), queue + timeout, options.every),
          ...serves(options, env, from),
        ])
      },
    })
  },
  { application: 'xkcw0g8s4o', url: 'https://coolify.example.com' },
)

const findingsOf = ({ name, branch, held, from, to, running, rollback }: ObservedApplication): string[] => [
  `${name} in Coolify, ${held ? `held at ${held.slice(0, 7)}` : `branch ${branch}`}: ${from?.slice(0, 7) ?? 'nothing'} → ${to?.slice(0, 7) ?? 'its head, known once Coolify has begun'}`,
  ...(running ? [`${running} runs already; one of the same commit is followed instead of a second`] : []),
  ...(rollback === 'version'
    ? ['this Coolify has no rollback: going back holds the application at the previous commit']
    : []),
]

/** What an earlier rollback, or a person, has held at a commit would be deployed again and again. */
const followsItsBranch = ({ held, head, branch }: ObservedApplication, url: string) =>
  defineCheck({
    fact: `Coolify deploys the head of ${branch}`,
    remedy: `set the commit of the application to HEAD in Coolify, under Git Source: ${url}`,
    look: async () => {
      if (!held) return holds(head ? head.slice(0, 7) : 'held at no commit')
      if (!head || head === held) return holds(`held at ${held.slice(0, 7)}`)
      return fails(`it is held at ${held.slice(0, 7)}, ${branch} is at ${head.slice(0, 7)}`)
    },
  })
