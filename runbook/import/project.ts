/** A folder with an application, as far as its files tell how that is deployed. */
export interface ProjectFiles {
  /** What stands in it, three folders deep; relative paths. */
  readonly names: readonly string[]
  /** The text of a file among them; undefined where it is not read. */
  text(name: string): string | undefined
}

/** What was found in a folder. */
export interface Project {
  /** Of package.json, or of the folder. */
  name: string
  /** The branch that is checked out; undefined where it is no clone. */
  branch: string | undefined
  packages: Package[]
  /** The ecosystem file of pm2, and the names of the processes in it. */
  pm2: { ecosystem: string; processes: string[] } | undefined
  /** Something in it knows a DATABASE_URL, or speaks to PostgreSQL. */
  hasDatabase: boolean
  /** The latest file of SQL in a folder `migrations`, where Prisma does not see to that. */
  migration: string | undefined
}
export interface Package {
  /** `.`, or relative. */
  folder: string
  build: { out: string; sources: string[] } | undefined
  hasPrisma: boolean
  hasDatabase: boolean
}

/** Files whose text is looked into. */
export const isTold = (name: string): boolean =>
  /(^|\/)(package\.json|ecosystem\.config\.(c?js|mjs|json)|schema\.prisma|\.env(\.[\w-]+)?)$/.test(name) ||
  name === '.git/HEAD'

/** Reads what a project says of itself. `folder`: its own name. */
export const projectIn = ({ names, text }: ProjectFiles, folder: string): Project => {
  const packages = names
    .filter((name) => /^([^/]+\/)?package\.json$/.test(name))
    .map((name) => packageIn(name.slice(0, -'/package.json'.length) || '.', { names, text }))
  const ecosystem = names.find((name) => /^([^/]+\/)?ecosystem\.config\.(c?js|mjs|json)$/.test(name))
  return {
    name: nameIn(text('package.json')) ?? folder,
    branch: /^ref: refs\/heads\/(.+)$/m.exec(text('.git/HEAD') ?? '')?.[1],
    packages: packages.filter(({ build, hasPrisma }) => build || hasPrisma),
    pm2: ecosystem === undefined ? undefined : { ecosystem, processes: processesIn(text(ecosystem) ?? '') },
    hasDatabase:
      names.some((name) => /DATABASE_URL/.test(text(name) ?? '')) ||
      packages.some((each) => each.hasDatabase),
    migration: names.filter((name) => /(^|\/)migrations\/[^/]+\.sql$/.test(name)).at(-1),
  }
}

const packageIn = (folder: string, { names, text }: ProjectFiles): Package => {
  const at = (name: string) => (folder === '.' ? name : `${folder}/${name}`)
  const { scripts = {}, ...content } = parsed(text(at('package.json')))
  const known = { ...content.dependencies, ...content.devDependencies }
  const out = Object.entries(OUTS).find(([framework]) => framework in known)?.[1] ?? 'dist'
  const sources = SOURCES.filter((name) => names.includes(at(name)))
  return {
    folder,
    build: scripts.build === undefined ? undefined : { out, sources },
    hasPrisma: names.includes(at('prisma/schema.prisma')),
    hasDatabase: CLIENTS.some((client) => client in known),
  }
}

/** Packages through which an application speaks to PostgreSQL. */
const CLIENTS = ['pg', 'postgres', '@prisma/client', 'prisma', 'drizzle-orm', 'pg-promise']

/** Where the build of a framework goes. */
const OUTS: Record<string, string> = {
  next: '.next',
  nuxt: '.output',
  'react-scripts': 'build',
  '@sveltejs/kit': 'build',
}
/** What a build is usually made from. */
const SOURCES = ['src', 'app', 'pages', 'lib', 'server', 'package.json', 'tsconfig.json']

/** `require` would run it. */
const processesIn = (ecosystem: string): string[] =>
  [...ecosystem.matchAll(/["']?\bname["']?\s*:\s*(["'`])((?:(?!\1).)+)\1/g)].map(([, , name]) => name!)

const nameIn = (text: string | undefined): string | undefined => {
  const { name } = parsed(text)
  return typeof name === 'string' && name ? name : undefined
}

interface Manifest {
  name?: unknown
  scripts?: Record<string, string>
  dependencies?: object
  devDependencies?: object
}
/** A manifest that cannot be read says nothing: its own programs will complain. */
const parsed = (text: string | undefined): Manifest => {
  try {
    const value = JSON.parse(text ?? '{}')
    return value !== null && typeof value === 'object' ? value : {}
  } catch {
    return {}
  }
}
