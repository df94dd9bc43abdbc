import type { Build } from '../../checks/build-newer-than-sources.ts'
import {
  type Act,
  type Actions,
  type Check,
  defineCheck,
  fails,
  type Look,
  type Planned,
} from '../../runbook/index.ts'
import {
  isUnfinished,
  leftAside,
  lookAtPlace,
  madeAnew,
  type Place,
  performAll,
  performAside,
  recovered,
  recovery,
  withAside,
} from './aside.ts'
import type { builtFromRevision } from './build-record.ts'

/** Whatever is built already, done is only what this run has built. */
export const builtAnew = (builtFrom: ReturnType<typeof builtFromRevision>) =>
  defineCheck({
    ...builtFrom,
    look: async (at) =>
      at.performed('build') ? builtFrom.look(at) : fails('it is built anew, whatever is there'),
  })

/** What is there of the output. Where that is no folder of its own, nothing can be put aside, and nothing is. */
export const lookAtOutput = async (at: Look, { folder, out, sources }: Required<Build>): Promise<Place[]> => {
  if (!isOwnFolder(out, sources)) return []
  const place = await lookAtPlace(at, folder, out.replace(/\/+$/, ''))
  return place.mounted && place.there ? [] : [place]
}

/** A compiler may begin from what it has built before; `force`: it may not. */
const wayOf = (force: boolean) => ({ way: force ? ('move' as const) : ('copy' as const), keep: false })

export const aroundBuild = (
  places: readonly Place[] = [],
  { build, record }: Record<'build' | 'record', Planned>,
  force: boolean,
): Actions => ({
  ...recovery(places),
  ...withAside(places.map(recovered), { build: madeAnew(places, build), record }, wayOf(force)),
})

/** Performs it; where the build fails, or is not proven, what was there before is put back. */
export const performBuild = async (
  act: Act<any, { places: Place[] }>,
  builtFrom: Check,
  force: boolean,
): Promise<void> => {
  const { places } = act.observed
  await performAll(act, recovery(places))
  await performAside(act, places.map(recovered), wayOf(force), async () => {
    await act.perform('build')
    await act.perform('record')
    const { holds, seen, remedy = builtFrom.remedy, tail } = await builtFrom.look(act)
    if (!holds) act.prove(builtFrom.fact, { holds, seen, ...(tail && { tail }) }, remedy)
  })
}

/** One that was killed has not taken back what it wrote. */
export const finished = (builtFrom: Check, places: readonly Place[] = []): Check =>
  defineCheck({
    ...builtFrom,
    look: async (at) => {
      const left = await leftAside(at, places)
      return left
        ? fails(`a build did not get to its end; what was there before is in ${left}`)
        : builtFrom.look(at)
    },
  })

export const isLeft = (places: readonly Place[]): string[] =>
  places.some(isUnfinished) ? ['a build did not get to its end: what was there before is put back first'] : []

/** A folder of its own below the one of package.json: nothing else may go with it. */
export const isOwnFolder = (out: string, sources: readonly string[]): boolean => {
  const parts = out.split('/').filter((part) => part !== '' && part !== '.')
  const path = parts.join('/')
  return (
    !out.startsWith('/') &&
    parts.length > 0 &&
    !parts.includes('..') &&
    !sources.some((source) => source === path || source.startsWith(`${path}/`))
  )
}
