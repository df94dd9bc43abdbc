import { Failed, type Look, readsFile } from '../../runbook/index.ts'

/** Gives a file's text, or undefined where there is none: out of the working tree, or of a revision to come. */
export type ReadText = (at: Look, path: string) => Promise<string | undefined>

/** In the order in which they are looked for: npm itself prefers its shrinkwrap. */
const lockFiles = {
  'npm-shrinkwrap.json': 'npm',
  'package-lock.json': 'npm',
  'pnpm-lock.yaml': 'pnpm',
  'yarn.lock': 'yarn',
  'bun.lock': 'bun',
  'bun.lockb': 'bun',
} as const

export const managers = ['npm', 'pnpm', 'yarn', 'bun'] as const
export type Manager = (typeof managers)[number]

export interface Locked {
  readonly manager: Manager
  /** Null where the folder has no lock file. */
  readonly lock: keyof typeof lockFiles | null
}

/** Which package manager a folder belongs to, by its lock file; npm where there is none. */
export const packageManager = async (
  at: Look,
  folder: string,
  {
    manager: wanted,
    read = workingTree,
  }: { manager?: Manager | undefined; read?: ReadText | undefined } = {},
): Promise<Locked> => {
  for (const [lock, manager] of Object.entries(lockFiles) as [keyof typeof lockFiles, Manager][]) {
    if (wanted && wanted !== manager) continue
    if ((await read(at, `${folder}/${lock}`)) !== undefined) return { manager, lock }
  }
  return { manager: wanted ?? 'npm', lock: null }
}

export const workingTree: ReadText = async ({ attempt }, path) => {
  const file = await attempt(readsFile(path))
  if (file.ok) return file.value
  if (file.failure.kind === 'file-failed' && file.failure.code === 'ENOENT') return undefined
  throw new Failed(file.failure)
}
