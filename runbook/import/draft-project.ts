import { addStep } from './add-step.ts'
import type { DraftEntry } from './draft-book.ts'
import type { StepCall } from './known-commands.ts'
import type { Package, Project } from './project.ts'

/** What an operator has said of it. */
export interface Told {
  /** The process under pm2; undefined: something else runs it. */
  process: string | undefined
  /** Whether an address is known, which can be asked. */
  hasUrl: boolean
}

/** The first book of a project that has no page: what is found in it, in the order of every guide. */
export const draftProject = (project: Project, told: Told): DraftEntry[] => {
  const entries: DraftEntry[] = []
  const ids = new Set<string>()
  const phase = (title: string, calls: readonly Named[]) => {
    if (calls.length === 0) return
    entries.push({ kind: 'phase', title, line: entries.length })
    for (const { name, ...call } of calls) addStep(entries, call, name, ids)
  }
  phase('Back up', project.hasDatabase ? [step('backupDatabase')] : [])
  phase('Get the code and build it', [
    step('pullCode', {}, project.branch === undefined && 'this folder is no clone of a git repository'),
    ...project.packages.flatMap(building),
  ])
  phase('Migrate the database', migrating(project))
  phase('Restart', [restart(project, told)])
  phase('Verify', [verification(told)])
  return entries
}

type Named = StepCall & { name: string }
const step = (
  factory: string,
  options: StepCall['options'] = {},
  review: string | false = '',
  name = '',
): Named => ({ factory, options, name, ...(review && { review }) })

/** A step that works in the folder of a package. */
const stepIn = (folder: string, factory: string, options: StepCall['options'] = {}, review = ''): Named =>
  step(factory, { ...(folder !== '.' && { in: folder }), ...options }, review, folder)

const building = ({ folder, build, hasPrisma }: Package): Named[] => [
  stepIn(folder, 'installDependencies'),
  ...(hasPrisma ? [stepIn(folder, 'prismaGenerate')] : []),
  ...(build ? [stepIn(folder, 'buildApp', { ...build }, 'what the build writes, and is made from')] : []),
]

const migrating = ({ packages, migration, hasDatabase }: Project): Named[] => {
  const withPrisma = packages.filter(({ hasPrisma }) => hasPrisma)
  if (withPrisma.length) return withPrisma.map(({ folder }) => stepIn(folder, 'prismaMigrate'))
  if (migration === undefined || !hasDatabase) return []
  const review = 'the SQL of the deployment to come; what is applied already is skipped'
  return [step('applySql', { file: migration }, review)]
}

const restart = ({ pm2 }: Project, { process, hasUrl }: Told): Named => {
  if (process === undefined)
    return step(
      'manual',
      { title: 'Restart the application', text: 'Restart the application.', sort: 'follows' },
      'how that is done here: pm2Restart, coolifyRestart, or a shell step',
      'restart the application',
    )
  return step(
    'pm2Restart',
    {
      process,
      ...(pm2 && { ecosystem: pm2.ecosystem }),
      ...(hasUrl ? { revision: false } : { health: false }),
    },
    hasUrl
      ? 'take revision: false away once /health answers with the commit id in `revision`: then it proves that the new code runs'
      : 'take health: false away once the environment has a `url` where /health answers 200',
  )
}

const verification = ({ hasUrl }: Told): Named =>
  hasUrl
    ? step(
        'verifyHttp',
        { requests: [{ name: 'the application is well', url: '/health', expect: { status: 200 } }] },
        'what shows that it works: the requests that were broken, with the shape of their answers',
      )
    : step(
        'manual',
        { title: 'See that it works', items: ['The application answers'], sort: 'verifies' },
        'verifyHttp({ requests: [ … ] }), once the environment has a `url`',
        'see that it works',
      )
