import {
  type Actions,
  changes,
  defineCheck,
  defineStep,
  fails,
  given,
  holds,
  type Look,
  nothingToUndo,
  reads,
  writesFile,
} from '../../runbook/index.ts'
import { incomingObjects } from '../code/incoming-objects.ts'

/** A folder of this run's own, which goes with it. */
const folderIn = (scratch: string): string => `${scratch}/code-to-come`

/**
 * The code that is to come, in a folder of its own: a program that migrates reads it there. The clone lends its objects
 * and its installed packages, and stays as it is. Of a folder that is no clone there is none.
 */
export const checkOutCode = (id: string) =>
  defineStep({
    id,
    title: 'Check out the code that is to come, in a folder of its own',
    about:
      'Makes a folder with the revision that is to be deployed, from the objects of the clone and of its remote, and with ' +
      'the packages that are installed now. The clone and what runs from it are not touched; the folder goes with the run.',
    sort: 'prepares',
    // The folder is gone when a run goes on.
    halts: true,
    observe: async ({ attempt }) => {
      const head = await attempt(reads('git', 'rev-parse', 'HEAD'))
      if (!head.ok) return null
      const untracked = await attempt(reads('git', 'ls-files', '--others', '--exclude-standard', '-z'))
      const found = await attempt(
        reads('find', '.', '-maxdepth', '3', '-name', 'node_modules', '-prune', '-type', 'd'),
      )
      return {
        head: head.value,
        untracked: untracked.ok ? untracked.value.split('\0').filter(isBrought) : [],
        modules: found.ok
          ? found.value
              .split('\n')
              .filter(Boolean)
              .map((path) => path.slice(2))
          : [],
      }
    },
    actions: ({ observed, env }): Actions => {
      if (!observed) return {}
      const { modules, untracked } = observed
      return {
        make: given(['folder'], ({ folder }) => changes('git', 'init', '--quiet', '--template=', folder)),
        borrow: given(['folder', 'stores'], ({ folder, stores }) => ({
          ...writesFile(`${folder}/.git/objects/info/alternates`, stores),
          shows: 'the stores of the clone and of what was fetched for the plan',
        })),
        checkout: given(['folder', 'commit'], ({ folder, commit }) => ({
          ...changes('git', '-C', folder, 'checkout', '--quiet', '--detach', commit),
          env: { GIT_LFS_SKIP_SMUDGE: '1' },
        })),
        // A file that was brought by hand, such as the SQL where nothing can be pulled.
        ...(untracked.length && {
          bring: given(['below'], ({ below }) =>
            changes('cp', '--parents', `--target-directory=${below}`, '--', ...untracked),
          ),
        }),
        ...Object.fromEntries(
          modules.map((path) => [
            `lend ${path}`,
            given(['below'], ({ below }) => ({
              ...changes('ln', '-s', '--', `${env.app.dir}/${path}`, `${below}/${path}`),
              // A folder that the revision to come no longer has needs no packages.
              accept: [0, 1],
            })),
          ]),
        ),
      }
    },
    run: async (act) => {
      const { observed } = act
      if (!observed) return
      const commit = commitOf(act, observed)
      const perform = act.perform as unknown as (
        name: string,
        values: Record<string, string>,
      ) => Promise<unknown>
      const { GIT_OBJECT_DIRECTORY: fetched } = await incomingObjects(act, commit)
      const own = await act.see(reads('git', 'rev-parse', '--path-format=absolute', '--git-path', 'objects'))
      const folder = folderIn(await act.scratch())
      await perform('make', { folder })
      await perform('borrow', { folder, stores: `${own}\n${fetched}\n` })
      await perform('checkout', { folder, commit })
      const below = await placeBelow(act, folder)
      if (observed.untracked.length) await perform('bring', { below })
      for (const path of observed.modules) await perform(`lend ${path}`, { below })
    },
    after: ({ observed }) => [
      defineCheck({
        fact: 'the code that is to come is checked out',
        remedy: 'look at the last lines of the transcript',
        look: async (at) => {
          if (!observed) return holds('the folder of the application is no git clone')
          const folder = folderIn(await at.scratch())
          const head = await at.attempt(reads('git', '-C', folder, 'rev-parse', 'HEAD'))
          const is = head.ok ? head.value : 'nothing'
          return is === commitOf(at, observed) ? holds(is.slice(0, 7)) : fails(is)
        },
      }),
    ],
    output: async (at) => ({
      commit: at.observed && commitOf(at, at.observed),
      dir: at.observed && (await placeBelow(at, folderIn(await at.scratch()))),
    }),
    summary: ({ output: { commit } }) =>
      commit ? commit.slice(0, 7) : 'none: the application’s folder is no git clone',
    undo: () => nothingToUndo('the folder goes with the run'),
  })

/** What leads an application to its database stays where it is. */
const isBrought = (path: string): boolean => path !== '' && !/(^|\/)\.env[^/]*$/.test(path)

/** Where nothing moves the code, it is the one that is there. */
const commitOf = ({ revision }: Pick<Look, 'revision'>, { head }: { head: string }): string =>
  revision?.to ?? head

/** The application may be a folder of its repository. */
const placeBelow = async ({ see }: Pick<Look, 'see'>, folder: string): Promise<string> => {
  const prefix = await see(reads('git', 'rev-parse', '--show-prefix'))
  return prefix ? `${folder}/${prefix.replace(/\/$/, '')}` : folder
}
