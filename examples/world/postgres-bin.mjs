// Plain JavaScript, because scripts/setup.mjs needs it before anything is installed.
import { existsSync, readdirSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

const programs = ['initdb', 'postgres', 'pg_ctl', 'psql', 'pg_dump', 'pg_restore']
const debian = '/usr/lib/postgresql'

/** The folder with PostgreSQL's server and client programs, or undefined where there is none. */
export function findPostgresBin(env = process.env) {
  if (env.PG_BIN) return hasAll(env.PG_BIN) ? env.PG_BIN : undefined
  return [...debianFolders(), ...foldersInPath(env)].find(hasAll)
}

// Debian keeps the server programs out of PATH, a folder for each major version.
function debianFolders() {
  const versions = existsSync(debian) ? readdirSync(debian) : []
  return versions.sort((a, b) => Number(b) - Number(a)).map((version) => join(debian, version, 'bin'))
}

// A link in PATH leads to the folder where the other programs stand too.
function foldersInPath(env) {
  const initdbs = (env.PATH ?? '').split(':').map((folder) => join(folder, 'initdb'))
  return initdbs.filter((file) => existsSync(file)).map((file) => dirname(realpathSync(file)))
}

function hasAll(folder) {
  return programs.every((program) => existsSync(join(folder, program)))
}
