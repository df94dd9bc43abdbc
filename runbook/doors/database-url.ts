import type { DatabasePart } from '../model/secret.ts'

/** What a database URL says, decoded. */
export type DatabaseTarget = { [part in DatabasePart]?: string }

/** Reads `postgresql://user:password@host:port/database?sslmode=…`; a mistake never contains the URL itself. */
export const parseDatabaseUrl = (value: string): DatabaseTarget | { mistake: string } => {
  if (!/^postgres(ql)?:\/\//i.test(value)) return { mistake: 'does not begin with postgresql://' }
  // libpq takes a user without a host, which is then in the query or this machine's; a URL elsewhere does not.
  const whole = value.replace(/^([a-z]+:\/\/[^/?#@]*@)(?=[/?#])/i, '$1localhost')
  if (!URL.canParse(whole))
    return { mistake: 'is not a URL; characters such as @ : / % in the password must be percent-encoded' }
  const url = new URL(whole)
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)]
    const database = decodeURIComponent(url.pathname.slice(1))
    if (!database) return { mistake: 'names no database; it ends with /name' }
    const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '')
    const sslmode = url.searchParams.get('sslmode')
    return {
      host: host || 'localhost',
      port: url.port || url.searchParams.get('port') || '5432',
      database,
      ...(user && { user }),
      ...(password && { password }),
      ...(sslmode && { sslmode }),
    }
  } catch {
    return { mistake: 'is not percent-encoded correctly; a % in the password is written %25' }
  }
}

/** The URL of another database on the same server. */
export const withDatabase = (value: string, database: string): string =>
  value
    .trim()
    .replace(
      /^([a-z]+:\/\/[^/?#]*)(\/[^?#]*)?/i,
      `$1/${encodeURIComponent(database).replaceAll('$', '$$$$')}`,
    )

/** The URL with further options of its sessions, which libpq, pg and Prisma's engine all take from there. */
export const withOptions = (value: string, options: string): string => {
  const [before = '', query = ''] = value.trim().split('?', 2)
  const parameters = query.split('&').filter(Boolean)
  const own = parameters.find((one) => one.startsWith('options='))?.slice('options='.length)
  const others = parameters.filter((one) => !one.startsWith('options='))
  const all = [...(own ? [own] : []), encodeURIComponent(options)].join('%20')
  return `${before}?${[...others, `options=${all}`].join('&')}`
}

/** The URL of a database without what it says of encryption; any other text as it is. */
export const withoutTls = (value: string): string => {
  if (!/^postgres(ql)?:\/\/[^?]*\?/i.test(value)) return value
  const [before = '', query = ''] = value.split('?', 2)
  const parameters = query.split('&').filter((one) => !/^(ssl|channel_binding|gssencmode)/.test(one))
  return parameters.length ? `${before}?${parameters.join('&')}` : before
}
