import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Around } from './database-files.ts'
import type { UrlMistake } from './database-url.ts'

interface Service {
  given: Readonly<Record<string, string>>
}

/**
 * What a service of `pg_service.conf` says (https://www.postgresql.org/docs/current/libpq-pgservice.html): in the file that is
 * named, in the user's, and then in the system's.
 */
export const serviceOf = (
  name: string,
  file: string | undefined,
  { variables = {} }: Around,
): Service | UrlMistake => {
  const { PGSERVICEFILE, PGSYSCONFDIR = '/etc/postgresql-common', HOME } = variables
  const own = file ?? PGSERVICEFILE ?? (HOME && join(HOME, '.pg_service.conf'))
  const files = [...(own ? [own] : []), join(PGSYSCONFDIR, 'pg_service.conf')]
  for (const path of files) {
    const text = read(path)
    if (text === undefined && path === file)
      return { mistake: `has the parameter servicefile, and ${path} cannot be read` }
    const found = text === undefined ? undefined : sectionOf(text, name, path)
    if (found) return found
  }
  return {
    mistake: `has the parameter service, and ${name} is in none of ${files.join(', ')}`,
    remedy: `write it there: [${name}], and below it host=…, dbname=…`,
  }
}

const sectionOf = (text: string, name: string, path: string): Service | UrlMistake | undefined => {
  let inside = false
  const found: Record<string, string> = {}
  for (const [i, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.trim()
    if (line === '' || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      if (inside) return { given: found }
      inside = line === `[${name}]`
      continue
    }
    if (!inside) continue
    const equals = line.indexOf('=')
    const key = line.slice(0, equals)
    const place = `has the parameter service, and ${path}, line ${i + 1},`
    if (line.startsWith('ldap')) return { mistake: `${place} leads to LDAP, which this tool does not ask` }
    if (equals < 1 || /\s/.test(key)) return { mistake: `${place} is no name=value` }
    if (key === 'service') return { mistake: `${place} names another service` }
    // Of one that is given twice the first counts.
    found[key] ??= line.slice(equals + 1)
  }
  return inside ? { given: found } : undefined
}

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
