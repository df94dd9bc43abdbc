import { coolifyAccess } from '../checks/coolify-access.ts'
import { coolifyDeployed } from '../checks/coolify-deployed.ts'
import { tells } from '../checks/reading/coolify-api.ts'
import { deploymentsOf, lastEnded } from '../checks/reading/coolify-deployments.ts'
import { secretPresent } from '../checks/secret-present.ts'
import { defineStep, factory, given, nothingToUndo } from '../runbook/index.ts'
import { deployAndFollow } from './coolify/follow-deployment.ts'
import { coolifyOptions } from './coolify/options.ts'
import { serves } from './coolify/serves.ts'

export const coolifyRestart = factory(
  'coolify-restart',
  coolifyOptions,
  (options) => {
    const { application } = options
    return defineStep({
      id: 'coolify-restart',
      title: 'Restart with Coolify',
      about:
        'Has Coolify start the application’s container anew, without a build, as after a changed variable. Proves that ' +
        'the restart finished, and that what was deployed last is what answers.',
      sort: 'follows',
      // A restart that is newer than the last one that was seen before it.
      provenByContent: true,
      needs: () => [secretPresent(options.token.name), coolifyAccess(options)],
      observe: async (look) => {
        return { last: lastEnded(await deploymentsOf(look, options, application)) }
      },
      actions: () => ({
        trigger: tells(options, 'POST', `/applications/${application}/restart`),
        // Performed only where the restart is not to go on.
        cancel: given(['deployment'], ({ deployment }) =>
          tells(options, 'POST', `/deployments/${deployment}/cancel`),
        ),
      }),
      run: (act) => deployAndFollow(act, options),
      after: ({ observed: { last }, env }) => [
        coolifyDeployed({ ...options, newerThan: last }),
        ...serves(options, env),
      ],
      undo: () => nothingToUndo('it starts what was deployed'),
    })
  },
  { application: 'xkcw0g8s4o', url: 'https://coolify.example.com' },
)
