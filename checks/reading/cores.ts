import { type Look, reads } from '../../runbook/index.ts'

/** How many processors there are, for as many programs at once; 1 where it cannot be told. */
export const coresOf = async ({ attempt }: Look): Promise<number> => {
  const asked = await attempt(reads('getconf', '_NPROCESSORS_ONLN'))
  return Math.max(1, Number(asked.ok ? asked.value : 1) || 1)
}
