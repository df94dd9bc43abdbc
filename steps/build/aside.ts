import {
  type Act,
  type Actions,
  changes,
  given,
  type Look,
  type Planned,
  reads,
  writesFile,
} from '../../runbook/index.ts'

/**
 * What stands in a place is put aside while its successor is made there. It is in a folder beside it, so that it comes
 * back by a rename; git does not see that folder, and what passes over `node_modules` passes over it.
 */
const SHELF = '.runbook-aside'
const slug = (path: string) => (path === 'node_modules' ? 'installed' : path.replace(/[^\w.-]+/g, '-'))
const shelfOf = (path: string) => `${SHELF}/node_modules/${slug(path)}`
/** Where it is meanwhile; `previous`: of a successor that is proven, until that has one itself. */
export const asideAt = (path: string, name: 'before' | 'previous') => `${shelfOf(path)}/${name}`

/** A place, and what is left beside it. Whatever is killed between two of its renames, each of these tells what comes next. */
export type Place = {
  /** Relative to the application's. */
  folder: string
  /** Relative to that. */
  path: string
  there: boolean
  /** What was there before an attempt that has not ended. */
  before: 'kept' | 'nothing' | null
  previous: boolean
  /** What is changing places with `previous`. */
  swapped: boolean
  /** What may be removed. */
  trash: string[]
  shelf: boolean
  /** A mount cannot be renamed. */
  mounted: boolean
}

export const lookAtPlace = async (look: Look, folder: string, path: string): Promise<Place> => {
  const list = async (of: string) => {
    const found = await look.attempt({ ...reads('ls', '-A', '--', of), ...inFolder(folder) })
    return found.ok ? found.value.split('\n').filter(Boolean) : undefined
  }
  const shelf = (await list(shelfOf(path))) ?? []
  const kept = shelf.includes('before') ? await list(asideAt(path, 'before')) : undefined
  const devices = await look.attempt({ ...reads('stat', '-c', '%d', '--', path, '.'), ...inFolder(folder) })
  const [own, around] = devices.ok ? devices.value.split('\n') : []
  return {
    folder,
    path,
    there: (await look.attempt({ ...reads('test', '-e', path, '-o', '-L', path), ...inFolder(folder) })).ok,
    // What cannot be listed is there all the same.
    before: !shelf.includes('before') ? null : kept?.length === 0 ? 'nothing' : 'kept',
    previous: shelf.includes('previous'),
    swapped: shelf.includes('swapped'),
    trash: shelf.filter((name) => name === 'failed' || name === 'copying'),
    shelf: (await list(SHELF))?.includes('.gitignore') ?? false,
    mounted: own !== around,
  }
}

/** Whether an attempt was ended before it could be finished or taken back. */
export const isUnfinished = ({ before, swapped }: Place): boolean => before !== null || swapped

const inFolder = (folder: string) => (folder === '.' ? {} : { cwd: folder })

const hands = ({ folder, path }: Place) => {
  const shelf = shelfOf(path)
  const at = (program: string, ...args: string[]) => ({
    ...changes(program, ...args),
    ...inFolder(folder),
  })
  return {
    at,
    move: (from: string, to: string) => at('mv', '--', from, to),
    remove: (...what: string[]) => at('rm', '-rf', '--', ...what),
    in: (name: string) => `${shelf}/${name}`,
    shelf,
  }
}

/** Names of actions of several places differ by their folder. */
const named = ({ folder }: Place, actions: Actions): Actions =>
  folder === '.'
    ? actions
    : Object.fromEntries(Object.entries(actions).map(([name, one]) => [`${name} ${folder}`, one]))

const all = (places: readonly Place[], of: (place: Place) => Actions): Actions =>
  Object.assign({}, ...places.map((place) => named(place, of(place))))

/** Finishes or takes back what an attempt has left that was killed. */
export const recovery = (places: readonly Place[]): Actions =>
  all(places, (place) => {
    const { path, there, before, previous, swapped, trash } = place
    const { move, remove, in: aside } = hands(place)
    const takesPrevious = swapped && !there && previous
    return {
      ...(trash.length && { 'left: clear': remove(...trash.map(aside)) }),
      ...(takesPrevious && { 'left: bring': move(aside('previous'), path) }),
      ...(swapped && {
        'left: swap':
          takesPrevious || !previous ? move(aside('swapped'), aside('previous')) : remove(aside('swapped')),
      }),
      ...(before === 'nothing' && there && { 'left: unmake': remove(path) }),
      ...(before === 'nothing' && { 'left: unmark': remove(aside('before')) }),
      ...(before === 'kept' && there && { 'left: unmake': move(path, aside('failed')) }),
      ...(before === 'kept' && { 'left: back': move(aside('before'), path) }),
      ...(before === 'kept' && there && { 'left: remove': remove(aside('failed')) }),
    }
  })

/** What makes the successor once more: what an attempt has made that was killed is put back before. */
export const madeAnew = <A extends Planned>(places: readonly Place[], making: A): A =>
  places.some(isUnfinished) && making.kind === 'command' ? { ...making, anew: true } : making

/** The place as it is once that is done. */
export const recovered = (place: Place): Place => ({
  ...place,
  there:
    place.before === 'kept' || (place.before === null && (place.there || (place.swapped && place.previous))),
  before: null,
  previous: place.previous || place.swapped,
  swapped: false,
  trash: [],
})

/**
 * Puts what is there aside. `move`: the successor is made from nothing. `copy`: it is made from what is there, and that
 * stays; not as hard links, because what is made may write into its files.
 */
const putAside = (places: readonly Place[], way: 'move' | 'copy'): Actions =>
  all(places, (place) => {
    const { path, there, shelf } = place
    const { at, move, in: aside, shelf: folder } = hands(place)
    return {
      shelf: at('mkdir', '-p', '--', there ? folder : aside('before')),
      ...(!shelf && {
        hide: writesFile(
          `${place.folder === '.' ? '' : `${place.folder}/`}${SHELF}/.gitignore`,
          '*\n',
          0o644,
        ),
      }),
      ...(there && way === 'move' && { aside: move(path, aside('before')) }),
      ...(there &&
        way === 'copy' && {
          copy: at('cp', '-a', '--', path, aside('copying')),
          aside: move(aside('copying'), aside('before')),
        }),
    }
  })

/** The successor is proven. `keep`: what was there before stays until that has a successor itself. */
const settle = (places: readonly Place[], { keep }: { keep: boolean }): Actions =>
  all(places, (place) => {
    const { there, previous } = place
    const { move, remove, in: aside } = hands(place)
    if (!there) return { unmark: remove(aside('before')) }
    if (!keep) return { let: move(aside('before'), aside('failed')), remove: remove(aside('failed')) }
    return {
      ...(previous && { let: move(aside('previous'), aside('failed')) }),
      keep: move(aside('before'), aside('previous')),
      ...(previous && { remove: remove(aside('failed')) }),
    }
  })

/** What the previous deployment has left comes back, and what is there takes its place. */
export const swap = (places: readonly Place[]): Actions =>
  all(places, (place) => {
    const { path, there, previous } = place
    const { move, in: aside } = hands(place)
    return {
      ...(there && { 'swap out': move(path, aside('swapped')) }),
      ...(previous && { 'swap in': move(aside('previous'), path) }),
      ...(there && { 'swap keep': move(aside('swapped'), aside('previous')) }),
    }
  })

/** What a plan shows where an action is only for a failure. */
const hole = ({ path }: Place) => `${path}, where this fails`

/** For a successor that fails: what was there comes back. */
const takeBack = (places: readonly Place[]): Actions =>
  all(places, (place) => {
    const { there } = place
    const { at, remove, in: aside, shelf } = hands(place)
    const fills = (action: (path: string) => ReturnType<typeof at>) =>
      given([hole(place)], (values) => action(values[hole(place)]!))
    return {
      'take back': fills((made) => (there ? at('sh', '-c', BACK, 'sh', made, shelf) : remove(made))),
      'clear up': fills(() => remove(aside(there ? 'failed' : 'before'))),
    }
  })

/** It may have failed before anything was put aside, or before it had made anything. */
const BACK =
  '[ -e "$2/before" ] || [ -L "$2/before" ] || exit 0; [ ! -e "$1" ] || mv -- "$1" "$2/failed" && mv -- "$2/before" "$1"'

/** Around what makes a successor: `making` in the places, which are as `recovered` says. */
export const withAside = (
  places: readonly Place[],
  making: Actions,
  { way, keep }: { way: 'move' | 'copy'; keep: boolean },
): Actions => ({
  ...putAside(places, way),
  ...making,
  ...settle(places, { keep }),
  ...takeBack(places),
})

/**
 * Performs that. What was there comes back where it cannot all be put aside, and where `making` or `prove` throws, also
 * after an interrupt; the next attempt removes what takes too long to remove then, and brings back what could not be.
 */
export const performAside = async (
  act: Act<any, any>,
  places: readonly Place[],
  options: { way: 'move' | 'copy'; keep: boolean },
  make: () => Promise<unknown>,
): Promise<void> => {
  try {
    await performAll(act, putAside(places, options.way))
    await make()
  } catch (error) {
    for (const place of places) {
      const [back, clear] = Object.keys(takeBack([place]))
      const values = { [hole(place)]: place.path }
      // Where one does not come back, the others do, and why it all failed is told; the transcript has the rest.
      const isBack = await act.cleanUp(back!, values).then(
        () => true,
        () => false,
      )
      if (isBack) await act.cleanUp(clear!, values).catch(() => {})
    }
    throw error
  }
  await performAll(act, settle(places, options))
}

/** Performs actions that have no holes, in their order. */
export const performAll = async ({ perform }: Act<any, any>, actions: Actions): Promise<void> => {
  for (const name of Object.keys(actions)) await perform(name)
}

/** Whether something of an attempt is left that did not get to its end. */
export const leftAside = async (look: Look, places: readonly Place[]): Promise<string | undefined> => {
  for (const { folder, path } of places) {
    const now = await lookAtPlace(look, folder, path)
    if (isUnfinished(now)) return `${folder === '.' ? '' : `${folder}/`}${shelfOf(path)}`
  }
  return undefined
}
