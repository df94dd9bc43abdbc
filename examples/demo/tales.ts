/** One command of the operator, with what is said before it. */
export interface Act {
  heading: string
  argv: [verb: string, ...more: string[]]
}

/** What is shown of a scenario: broken, these acts, works, taken back. */
export interface Tale {
  intro: string
  /** Before the deployment. */
  before: Act[]
  back: Act
  /** What answers then. */
  afterwards: string
  /** Further environments to play with. */
  play: string
}

export const tales: Record<string, Tale> = {
  lumiku: {
    intro: 'A markdown guide tells how to deploy Lumiku. Here it is as a program.',
    before: [],
    back: { heading: 'If that had been a mistake, the way back:', argv: ['rollback', 'production'] },
    afterwards: 'The old revision answers again, as badly as before:',
    play: 'runbook plan staging · runbook deploy staging',
  },
  prisma: {
    intro:
      'A second guide mends a database that Prisma’s migrations have never reached. Here it is as a program.',
    before: [
      {
        heading: 'Its phase 2 is the author’s, on another machine: the migration is made, tried and pushed.',
        argv: ['run', 'prepare', 'local'],
      },
    ],
    back: {
      heading: 'If that had been a mistake, the way back, with the schema:',
      argv: ['rollback', 'production', '--database=schema'],
    },
    afterwards: 'Code and schema are what they were:',
    play: 'runbook run reset local --plan',
  },
}
