import { dependenciesInstalled } from '../../checks/dependencies-installed.ts'
import { type Locked, type Manager, workingTree } from '../../checks/reading/package-manager.ts'
import {
  type Act,
  type Actions,
  type Check,
  type Command,
  defineCheck,
  fails,
  type Look,
} from '../../runbook/index.ts'
import { incomingTextIfThere } from '../incoming-file.ts'
import {
  asideAt,
  isUnfinished,
  leftAside,
  lookAtPlace,
  madeAnew,
  type Place,
  performAll,
  performAside,
  recovered,
  recovery,
  swap,
  withAside,
} from './aside.ts'

/** What is there, and beside it, of `node_modules`; in a workspace of npm, of its members too. */
export type Kept = {
  places: Place[]
  /**
   * `there`: what an attempt has left is put back, and fits the lock file. `previous`: what was there before the last
   * installation does. `install`: neither.
   */
  fits: 'there' | 'previous' | 'install'
}

/** `npm ci` begins from nothing, so that what is there can be moved away; the others begin from what is there. */
type Observed = Kept & { way: 'move' | 'copy' }

export const keptDependencies = async (
  at: Look,
  folder: string,
  { manager, lock, dev }: Locked & { dev: boolean },
): Promise<Kept> => {
  const members = manager === 'npm' && lock ? await membersOf(at, folder, lock) : []
  const found = await Promise.all(
    ['.', ...members].map((member) => lookAtPlace(at, below(folder, member), 'node_modules')),
  )
  const places = found.filter(
    (place) => place.folder === folder || place.there || place.previous || isUnfinished(place),
  )
  const placeOf = (member: string) => places.find((place) => place.folder === below(folder, member))
  const fitsIn = async (modules: (member: string) => string) =>
    (await look(at, folder, { manager, dev, modules })).holds
  const [root] = places
  const left = places.some(isUnfinished)
  if (left && (await fitsIn((member) => foundIn(placeOf(member))))) return { places, fits: 'there' }
  const previous = root?.previous && !root.swapped && !root.mounted
  if (previous && (await fitsIn(() => asideAt('node_modules', 'previous'))))
    return { places, fits: 'previous' }
  return { places, fits: 'install' }
}

const look = (
  at: Look,
  folder: string,
  options: { manager: Manager; dev: boolean; modules: (member: string) => string },
) => dependenciesInstalled(folder, { ...options, read: incomingTextIfThere }).look(at)

/** Where that is now which stands in the place once what is left of an attempt is put back. */
const foundIn = (place: Place | undefined): string => {
  if (place?.before === 'kept') return asideAt('node_modules', 'before')
  if (place?.swapped && !place.there && place.previous) return asideAt('node_modules', 'previous')
  return 'node_modules'
}

/** The folders of a workspace: by the lock file, and by what was installed. */
const membersOf = async (at: Look, folder: string, lock: string): Promise<string[]> => {
  const texts = [
    await incomingTextIfThere(at, `${folder}/${lock}`),
    await workingTree(at, `${folder}/node_modules/.package-lock.json`),
  ]
  return [...new Set(texts.flatMap((text) => membersIn(text ?? '{}')))]
}

const membersIn = (json: string): string[] => {
  try {
    const { packages = {} } = JSON.parse(json) as { packages?: Record<string, unknown> }
    return Object.keys(packages).flatMap((path) => {
      const [member = ''] = path.split(/\/?\bnode_modules\//)
      return member && !member.startsWith('..') && !member.startsWith('/') ? [member] : []
    })
  } catch {
    return []
  }
}

const below = (folder: string, member: string): string =>
  member === '.' ? folder : folder === '.' ? member : `${folder}/${member}`

const movable = ({ places }: Kept): Place[] => places.filter(({ mounted }) => !mounted)

export const findingsOf = (observed: Observed): string[] => [
  ...observed.places
    .filter(isUnfinished)
    .map(
      ({ folder }) =>
        `an installation${folder === '.' ? '' : ` of ${folder}`} did not get to its end: what was there before is put back first`,
    ),
  ...observed.places
    .filter(({ mounted }) => mounted)
    .map(({ folder }) => `node_modules of ${folder} is a mount: what is in it cannot be put aside`),
  ...(observed.fits === 'previous'
    ? ['what was there before the last installation fits: it is put back, and nothing is fetched']
    : []),
]

export const actionsOf = (observed: Observed, install: Command<'changes'>): Actions => {
  const places = movable(observed)
  const now = places.map(recovered)
  return {
    ...recovery(places),
    ...(observed.fits === 'previous' && swap(now)),
    ...(observed.fits === 'install' &&
      withAside(now, { install: madeAnew(places, install) }, { way: observed.way, keep: true })),
  }
}

/** Performs them. Where the installation is not proven, what was there before comes back. */
export const installAside = async (act: Act<any, Observed>, installed: Check): Promise<void> => {
  const places = movable(act.observed)
  const now = places.map(recovered)
  await performAll(act, recovery(places))
  if (act.observed.fits === 'previous') await performAll(act, swap(now))
  if (act.observed.fits !== 'install') return
  await performAside(act, now, { way: act.observed.way, keep: true }, async () => {
    await act.perform('install')
    const verdict = await installed.look(act)
    if (!verdict.holds) act.prove(installed.fact, verdict, verdict.remedy ?? installed.remedy)
  })
}

/** A package's own scripts come last: without them everything may look installed. */
export const finished = (installed: Check, places: readonly Place[] = []): Check =>
  defineCheck({
    ...installed,
    look: async (at) => {
      const left = await leftAside(at, places)
      return left
        ? fails(`an installation did not get to its end; what was there before is in ${left}`)
        : installed.look(at)
    },
  })
