import { readFileSync } from 'node:fs'
import path from 'node:path'
import { parseEnv } from 'node:util'

const file = path.join(__dirname, '..', '.env')

/** Settings come from backend/.env alone: the shell that runs pm2 often has another DATABASE_URL and PORT. */
export function loadConfig(): { databaseUrl: string; host: string; port: number } {
  const settings = parseEnv(readFileSync(file, 'utf8'))
  const { DATABASE_URL: databaseUrl, HOST: host = '127.0.0.1', PORT = '3000' } = settings
  if (!databaseUrl) throw new Error(`DATABASE_URL is missing in ${file}`)
  const port = Number(PORT)
  if (!Number.isInteger(port) || port < 1 || port > 65535)
    throw new Error(`PORT in ${file} is not a port: ${PORT}`)
  return { databaseUrl, host, port }
}
