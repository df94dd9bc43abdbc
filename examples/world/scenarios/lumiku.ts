import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { backend, removeBackend } from './backend.ts'
import { seed } from './lumiku-seed.ts'
import type { Scenario } from './scenario.ts'

const book = fileURLToPath(new URL('../../lumiku', import.meta.url))
const repository = 'backend/src/apps/avatar-creator/repositories/avatar-creator.repository.ts'
const migration = 'backend/migrations/20251014_avatar_creator.sql'
const goodImport = "import prisma from '../../../db/client'"
const wrongImport = "import { prisma } from '../../../db/client'"

/** The first guide: a wrong import and 18 missing columns, in production, in staging and on a developer's machine. */
export const lumiku: Scenario = {
  ...backend,
  name: 'lumiku',
  app: join(book, 'app'),
  book,
  built: 'dist',
  history: [
    { message: 'Set up the repository', date: '2025-09-01T09:00:00Z', edit: removeBackend },
    {
      message: 'Add the avatar creator\n\nProjects and their avatars, for every user with a session.',
      date: '2025-10-10T16:40:00Z',
      edit: breakApp,
    },
  ],
  fixed: {
    message:
      'Fix the avatar creator\n\n' +
      'The repository imported `prisma` by a name that the client does not export, so every\n' +
      'request answered 500. The avatars get the 18 columns that the code writes.',
    date: '2025-10-14T08:15:00Z',
  },
  environments: [
    {
      name: 'production',
      branch: 'main',
      database: 'Lumiku-Production',
      process: 'lumiku-backend',
      users: 600,
    },
    {
      name: 'staging',
      branch: 'development',
      database: 'lumiku_staging',
      process: 'lumiku-backend-staging',
      users: 10,
    },
    { name: 'local', branch: 'development', database: 'lumiku_local', users: 5 },
  ],
  fill: async (client, { users }, token) => {
    await client.query(await readFile(join(book, 'app/backend/migrations/001_init.sql'), 'utf8'))
    return seed(client, users, token)
  },
}

async function breakApp(files: string): Promise<void> {
  const source = await readFile(join(files, repository), 'utf8')
  if (!source.startsWith(`${goodImport}\n`)) throw new Error(`line 1 of ${repository} is not: ${goodImport}`)
  await writeFile(join(files, repository), source.replace(goodImport, wrongImport))
  await rm(join(files, migration))
}
