import { type Closing, isElsewhere, type Look, triesClosing } from '../../runbook/index.ts'

/** Whether commands can be kept from everything but the copy: it is tried. As root first, then by a user namespace. */
export const findClosing = async ({ attempt, env }: Pick<Look, 'attempt' | 'env'>): Promise<Closing> => {
  if (isElsewhere(env))
    return {
      because: `it runs on ${env.host}, and a closed network is only made on this machine`,
      remedy: `run the tool on ${env.host} itself`,
    }
  let because = ''
  for (const asUser of [false, true]) {
    const tried = await attempt(triesClosing(asUser))
    if (tried.ok) return { asUser }
    const { failure } = tried
    because =
      failure.kind === 'command-missing'
        ? `there is no ${failure.program} here`
        : `no network of its own can be made for it: ${('tail' in failure && failure.tail.trim().split('\n')[0]) || failure.kind}`
  }
  return { because, remedy: 'on Linux: apt-get install util-linux iproute2, where namespaces are permitted' }
}
