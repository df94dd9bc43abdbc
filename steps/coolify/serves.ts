import { coolifyServes } from '../../checks/coolify-deployed.ts'
import { httpAnswers } from '../../checks/http-answers.ts'
import type { Coolify } from '../../checks/reading/coolify-api.ts'
import { type Check, type Environment, within } from '../../runbook/index.ts'

export interface ServesOptions extends Coolify {
  application: string
  health?: string | false | undefined
  revision: boolean
  startup: number
}

/** That the application answers from the container that was deployed last, as far as it can be asked. */
export const serves = (options: ServesOptions, env: Environment, commit?: string | undefined): Check[] => {
  const { health = env.app.health, revision, startup } = options
  if (health === false) return []
  const check = revision ? coolifyServes({ ...options, path: health, commit }) : httpAnswers(health)
  return [within(check, startup, 500)]
}
