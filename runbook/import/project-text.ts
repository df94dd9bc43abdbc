import { keyOf, literal } from './literal.ts'
import type { Project } from './project.ts'

/** What was found, a line each. */
export const foundText = ({ packages, pm2, hasDatabase, migration, branch }: Project): string[] => [
  'Found:',
  `  ${branch === undefined ? 'no clone of a git repository' : `a git repository, on the branch ${branch}`}`,
  ...packages.map(
    ({ folder, build, hasPrisma }) =>
      `  ${folder === '.' ? 'package.json' : `${folder}/package.json`}${build ? `, with a build into ${build.out}` : ''}${hasPrisma ? ', with Prisma' : ''}`,
  ),
  ...(pm2 ? [`  ${pm2.ecosystem}: ${pm2.processes.join(', ') || 'no process is named in it'}`] : []),
  ...(hasDatabase ? ['  it speaks to a PostgreSQL database'] : []),
  ...(migration === undefined ? [] : [`  ${migration}, the latest of its migrations`]),
]

/** The lines of `environments`. */
export const environmentsText = (
  environments: readonly { name: string; url: string; isProduction: boolean }[],
  { branch, hasDatabase }: Project,
): string[] => [
  '  environments: {',
  ...environments.flatMap(({ name, url, isProduction }) => [
    `    ${keyOf(name)}: {`,
    ...(isProduction
      ? [
          '      // Its name is typed before anything changes, and its database is backed up first.',
          '      protected: true,',
        ]
      : []),
    "      // REVIEW: where its clone is; on another machine also host: 'deploy@server'",
    `      app: ${literal({ dir: '.', branch: branch ?? 'main', ...(url && { url }) })},`,
    ...(hasDatabase ? ["      database: { url: secret('DATABASE_URL') },"] : []),
    '    },',
  ]),
  '  },',
]
