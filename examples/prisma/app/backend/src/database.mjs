import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import { PrismaPg } from '@prisma/adapter-pg'
import prismaClient from '../generated/prisma/index.js'

/** Settings come from backend/.env alone: the shell that runs pm2 often has another DATABASE_URL and PORT. */
export const settings = () =>
  parseEnv(readFileSync(fileURLToPath(new URL('../.env', import.meta.url)), 'utf8'))

/** The client that `prisma generate` has written. */
export const connect = () => {
  const { DATABASE_URL } = settings()
  if (!DATABASE_URL) throw new Error('DATABASE_URL is missing in backend/.env')
  const adapter = new PrismaPg({ connectionString: DATABASE_URL, connectionTimeoutMillis: 5000 })
  return new prismaClient.PrismaClient({ adapter, errorFormat: 'minimal' })
}
