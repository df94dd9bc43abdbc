import { type Failure, type Look, reads } from '../../runbook/index.ts'

/** How long a remote may take to say what it has. Milliseconds. */
const PATIENCE = 30_000

export type Heard = { ok: true; branches: Map<string, string> } | { ok: false; why: string }

/** The branches of a remote by name, with the commit of each; of one branch only, where it is named. */
export const remoteBranches = async (at: Look, remote: string, branch?: string): Promise<Heard> => {
  const pattern = branch === undefined ? [] : [`refs/heads/${branch}`]
  const asked = await at.attempt({
    ...reads('git', 'ls-remote', '--heads', '--quiet', remote, ...pattern),
    timeout: PATIENCE,
  })
  if (!asked.ok) return { ok: false, why: reasonOf(asked.failure, PATIENCE) }
  const lines = asked.value.split('\n').map((line) => line.split('\trefs/heads/'))
  return { ok: true, branches: new Map(lines.flatMap(([id, name]) => (id && name ? [[name, id]] : []))) }
}

/** git's own words, without the advice that follows them. */
export const reasonOf = (failure: Failure, patience: number): string => {
  if (failure.kind === 'timeout') return `no answer within ${patience / 1000} s`
  if (failure.kind !== 'command-failed') return failure.kind
  const lines = failure.tail.split('\n').filter((line) => line.trim())
  const telling = lines.filter(
    (line) => !/^(Please make sure|and the repository exists|fatal: Could not read from)/.test(line),
  )
  return (telling.length ? telling : lines).slice(0, 3).join('; ') || `exit ${failure.exit}`
}
