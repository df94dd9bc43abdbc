import { databaseOf, type Environment, type Look, readsFile, type Text } from '../../runbook/index.ts'

/** Where an application has its Prisma. */
export interface PrismaPlace {
  /** The folder of package.json, relative to the application's. */
  readonly in: string
  /** The schema file or folder, relative to `in`. */
  readonly schema: string
}
export const defaultPlace: PrismaPlace = { in: '.', schema: 'prisma/schema.prisma' }

/** The folder of the migrations, relative to the application's: beside the schema. */
export const migrationsFolder = ({ in: folder, schema }: PrismaPlace): string =>
  below(
    folder,
    schema.includes('/') ? `${schema.slice(0, schema.lastIndexOf('/'))}/migrations` : 'migrations',
  )

export const below = (folder: string, path: string): string => (folder === '.' ? path : `${folder}/${path}`)

/** The command line of the application's own Prisma, and the versions of it and of its client; null: not installed. */
export interface InstalledPrisma {
  /** Relative to `in`. */
  readonly program: string
  readonly version: string | null
  readonly client: string | null
}

/** In `node_modules` of the folder, or of one above it, up to the application's. */
export const installedPrisma = async (at: Look, { in: folder }: PrismaPlace): Promise<InstalledPrisma> => {
  const up = folder === '.' ? 0 : folder.split('/').length
  let client: string | null = null
  for (let i = 0; i <= up; i++) {
    const modules = `${'../'.repeat(i)}node_modules`
    client ??= await versionIn(at, below(folder, `${modules}/@prisma/client`))
    const version = await versionIn(at, below(folder, `${modules}/prisma`))
    if (version) return { program: `${modules}/.bin/prisma`, version, client }
  }
  return { program: 'node_modules/.bin/prisma', version: null, client }
}

const versionIn = async (at: Look, folder: string): Promise<string | null> => {
  const manifest = await at.attempt(readsFile(`${folder}/package.json`))
  return (manifest.ok && /"version"\s*:\s*"([^"]+)"/.exec(manifest.value)?.[1]) || null
}

/**
 * The variables of Prisma's command line: the database that the book names, whatever the application's .env says, and
 * no question about newer versions, which would go out to the internet.
 */
export const prismaVariables = (env: Environment): Record<string, Text> => {
  const { url } = databaseOf(env)
  return { CHECKPOINT_DISABLE: '1', [url.name]: url }
}
