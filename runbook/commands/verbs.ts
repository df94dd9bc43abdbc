import type { Invocation } from './invocation.ts'

/** A verb: what `--help` says of it, and where its code is. Loaded only when it is called. */
export interface Verb {
  name: string
  argument: string
  /** The environment is the second word after it. */
  envLast?: true
  /** It has no environment. */
  argumentOnly?: true
  summary: string
  /** Options of its own. */
  options: readonly OptionText[]
  load(): Promise<(invocation: Invocation) => Promise<number>>
}
export interface OptionText {
  /** `--reason <text>` */
  flags: string
  about: string
  choices?: readonly string[]
}

const otherWay = {
  flags: '--other-way',
  about: 'where the book has two ways: the second, when the first has failed and changed nothing',
}
const approval = [
  {
    flags: '--approved-by <name>',
    about: 'who approved the rollback beforehand, where the book asks for that',
  },
  { flags: '--approval-note <text>', about: 'in which words' },
]

const inPlace = {
  flags: '--in-place',
  about:
    'restores into the live database itself, for a role that may not create databases; the app stops longer',
}

const wait = {
  flags: '--wait <time>',
  about: 'waits for another run to end, at most so long: 90s, 10m, 1h; never for what is locked on purpose',
}

const onlyPlan = { flags: '--plan', about: 'only says what it would do; changes nothing' }
const reason = { flags: '--reason <text>', about: 'why; kept in the transcript' }

const allow = {
  flags: '--allow <name...>',
  about:
    'what stops a run and may be so all the same, by the name that it gives: drop:avatars.bio, log:api.log@5210; for resume: transcript:<hash>',
}

const revision = {
  flags: '--revision <ref>',
  about: 'deploys this tag or commit of the remote, in place of the branch’s head: v1.4.2, 3f2a1b0',
}

/** Of every verb that performs a book, or goes on with it. */
const forwards = [
  {
    flags: '--on-failure <what>',
    about: 'what to do when a step fails, instead of asking',
    choices: ['stop', 'rollback'],
  },
  otherWay,
  allow,
  wait,
  ...approval,
]

export const verbs: readonly Verb[] = [
  {
    name: 'init',
    argument: '',
    summary:
      'makes a first book from what is in the folder: package.json, prisma/, pm2’s ecosystem file, git',
    options: [],
    load: async () => (await import('./init.ts')).init,
  },
  {
    name: 'import',
    argument: '<page>',
    argumentOnly: true,
    summary: 'makes a first book from a markdown guide, and accounts for every block of it',
    options: [],
    load: async () => (await import('./import.ts')).importGuide,
  },
  {
    name: 'doctor',
    argument: '[env]',
    summary: 'the checklist before a deployment: tools, access, secrets, disk, rights; changes nothing',
    options: [revision, allow],
    load: async () => (await import('./doctor.ts')).doctor,
  },
  {
    name: 'plan',
    argument: '[env]',
    summary: 'what `deploy` would do, from real observations; changes nothing',
    options: [revision, allow],
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    name: 'guide',
    argument: '[env]',
    summary: 'the book as a markdown page that a person can follow by hand; changes nothing',
    options: [revision],
    load: async () => (await import('./guide.ts')).guide,
  },
  {
    name: 'deploy',
    argument: '[env]',
    summary: 'performs the book',
    options: [revision, ...forwards],
    load: async () => (await import('./deploy.ts')).deploy,
  },
  {
    name: 'resume',
    argument: '[run]',
    summary: 'goes on with an interrupted or failed run; the latest where none is named',
    options: forwards,
    load: async () => (await import('./resume.ts')).resume,
  },
  {
    name: 'run',
    argument: '[name] [env]',
    envLast: true,
    summary: 'performs another procedure of the book, such as `prepare`; without a name it lists them',
    options: [revision, onlyPlan, ...forwards],
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'verify',
    argument: '[env]',
    summary: 'only the checks of what should hold after a deployment',
    options: [allow],
    load: async () => (await import('./verify.ts')).verify,
  },
  {
    name: 'diagnose',
    argument: '[env]',
    summary:
      'what is the matter, by looking where troubles come from, and the command that mends it; changes nothing',
    options: [],
    load: async () => (await import('./diagnose.ts')).diagnose,
  },
  {
    name: 'watch',
    argument: '[env]',
    summary: 'the monitoring window: requests, log, processes and database against limits, for a while',
    options: [
      { flags: '--for <time>', about: 'how long: 90s, 10m, 24h; default: what the book says, or 10m' },
    ],
    load: async () => (await import('./watch.ts')).watch,
  },
  {
    name: 'rollback',
    argument: '[env]',
    summary: 'takes the last run back, after saying what will be lost',
    options: [
      onlyPlan,
      { flags: '--run <id>', about: 'another run than the last one' },
      {
        flags: '--from <where>',
        about:
          'from the environment’s ledger, where the transcript is not as it was written: the code, and the run’s backup',
        choices: ['ledger'],
      },
      {
        flags: '--database <how>',
        about: 'the database too: the reverse of the migrations, or the backup that the run made',
        choices: ['schema', 'restore'],
      },
      inPlace,
      { flags: '--around <step...>', about: 'leaves an irreversible step as it is' },
      {
        flags: '--allow <name...>',
        about:
          'rolls back over what has changed the environment since, by the name that the refusal gives: over:8f9abcd; or believes a transcript that the ledger does not know: transcript:<hash>',
      },
      reason,
      wait,
      ...approval,
    ],
    load: async () => (await import('./rollback.ts')).rollback,
  },
  {
    name: 'backups',
    argument: '[env]',
    summary: 'the dumps with their proofs; with an environment, also the databases that restores replaced',
    options: [],
    load: async () => (await import('./backups.ts')).backups,
  },
  {
    name: 'backup',
    argument: '[env]',
    summary: 'makes a backup, outside of a deployment',
    options: [wait],
    load: async () => (await import('./backup.ts')).backup,
  },
  {
    name: 'restore',
    argument: '[env] [backup]',
    summary: 'puts a backup in the place of the database, and keeps what it replaces',
    options: [onlyPlan, inPlace, reason, wait, ...approval],
    load: async () => (await import('./restore.ts')).restore,
  },
  {
    name: 'prune',
    argument: '[env]',
    summary: 'removes old transcripts with their pages, dumps and replaced databases, after showing them',
    options: [
      { flags: '--older-than <age>', about: 'what is older: 30d, 12h, 6w' },
      { flags: '--keep <number>', about: 'how many of each stay, however old' },
      onlyPlan,
      wait,
    ],
    load: async () => (await import('./prune.ts')).prune,
  },
  {
    name: 'lock',
    argument: '[env]',
    summary:
      'lets no run of an environment begin until it is unlocked; on every machine, where it has a database',
    options: [{ flags: '--reason <text>', about: 'why; whoever is kept out is told' }],
    load: async () => (await import('./lock.ts')).lock,
  },
  {
    name: 'unlock',
    argument: '[env]',
    summary: 'lets runs begin again; whose lock it was is said, and asked where it is another’s',
    options: [
      {
        flags: '--run <id>',
        about: 'clears what a run has left whose machine or process is gone, after showing it',
      },
    ],
    load: async () => (await import('./unlock.ts')).unlock,
  },
  {
    name: 'runs',
    argument: '[env]',
    summary: 'past runs',
    options: [],
    load: async () => (await import('./runs.ts')).runs,
  },
  {
    name: 'show',
    argument: '[run]',
    summary: 'the transcript of a run; the latest where none is named',
    options: [{ flags: '--check', about: 'only whether it is as it was written, line by line' }],
    load: async () => (await import('./show.ts')).show,
  },
  {
    name: 'report',
    argument: '[run]',
    summary: 'a run as one page to look at, to keep and to pass on: when, what, with which evidence; HTML',
    options: [{ flags: '--out <file>', about: 'where it goes; default: reports/ in the state folder' }],
    load: async () => (await import('./report.ts')).report,
  },
  {
    name: 'bundle',
    argument: '[run]',
    summary:
      'one archive for whoever is asked for help: what happened, transcript, logs, versions, what stands now; changes nothing',
    options: [],
    load: async () => (await import('./bundle.ts')).bundle,
  },
]

export const everywhere: readonly OptionText[] = [
  { flags: '--config <file>', about: 'the book; default: runbook.config.ts here or in a folder above' },
  { flags: '--state-dir <folder>', about: 'transcripts and backups; default: .runbook beside the book' },
  { flags: '-y, --yes', about: 'answers ordinary questions; never the name of a protected environment' },
  { flags: '--confirm <env>', about: 'stands for typing the name of a protected environment' },
  { flags: '--json', about: 'events on standard output, one JSON object a line' },
  { flags: '-v, --verbose', about: 'also what was looked at, performed and printed' },
  { flags: '--no-color', about: 'no colours; so does the variable NO_COLOR' },
]
