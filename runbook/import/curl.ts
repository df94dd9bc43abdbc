import { type ExactJson, isExactNumber, isSameNumber, numberOf, readJson } from '../model/exact-json.ts'
import type { SimpleCommand } from './commands-in.ts'
import { code, type Value } from './literal.ts'
import { namesSecret } from './without-secrets.ts'

/** Flags of curl that only say how it prints, or how patient it is. */
const silent = /^(-[sSifLv]+|--(silent|show-error|include|fail|location|verbose|compressed|fail-with-body))$/
const silentWithValue = /^(-[wm]|--(write-out|max-time|connect-timeout))$/

/** A request as a step sends it; undefined where curl is told more than a step can do. */
export const requestOf = (
  { words }: SimpleCommand,
  answer: string,
): { options: { [key: string]: Value }; review?: string } | undefined => {
  const rest = words.slice(1)
  const headers: Record<string, Value> = {}
  let method: string | undefined
  let url: string | undefined
  let json: Value | undefined
  while (rest.length) {
    const word = rest.shift()!
    if (silent.test(word)) continue
    if (silentWithValue.test(word)) rest.shift()
    // What is kept in a file is used later.
    else if (/^(-o|--output)$/.test(word)) {
      if (rest.shift() !== '/dev/null') return undefined
    } else if (word === '-X' || word === '--request') method = rest.shift()
    else if (word === '-H' || word === '--header') {
      const header = headerOf(rest.shift() ?? '')
      if (!header) return undefined
      if (!/^content-type$/i.test(header[0])) headers[header[0]] = header[1]
    } else if (/^(-d|--data|--data-raw|--json)$/.test(word)) {
      json = parsed(rest.shift() ?? '')
      if (json === undefined) return undefined
    } else if (/^https?:\/\//.test(word) && url === undefined) url = word
    else return undefined
  }
  method ??= json === undefined ? 'GET' : 'POST'
  if (
    !url ||
    !URL.canParse(url) ||
    /[$<>[\]{}]|\/\/[^/]*@/.test(url) ||
    namesSecret(url) ||
    !/^(GET|HEAD|POST|PUT|PATCH|DELETE)$/.test(method)
  )
    return undefined
  const status = /expect\D*?\b([2-5]\d\d)\b/i.exec(answer)?.[1]
  const request = {
    name: `${method} ${new URL(url).pathname}`,
    ...(method !== 'GET' && { method }),
    url,
    ...(json !== undefined && { json }),
    ...(status && { expect: { status: Number(status) } }),
  }
  return {
    options: { ...(Object.keys(headers).length && { headers }), requests: [request] },
    ...(!['GET', 'HEAD'].includes(method) && {
      review: 'it changes something: say what it creates with `capture`, and take that away with `cleanup`',
    }),
  }
}

/** A token is named, whatever the page writes in its place. */
const headerOf = (header: string): [string, Value] | undefined => {
  const [, name, value] = /^([\w-]+):\s*(.*)$/.exec(header) ?? []
  if (!name || value === undefined) return undefined
  const [, scheme = '', variable] = /^(\w+ )?\$\{?(\w+)\}?$/.exec(value) ?? []
  if (variable)
    return [name, code(scheme ? `text\`${scheme}\${secret('${variable}')}\`` : `secret('${variable}')`)]
  if (/^authorization$/i.test(name) || /token|key|secret|cookie/i.test(name)) {
    const [kind] = /^\w+ /.exec(value) ?? ['']
    return [name, code(kind ? `text\`${kind}\${secret('API_TOKEN')}\`` : `secret('API_TOKEN')`)]
  }
  return value.includes('$') ? undefined : [name, value]
}

/** As a book writes it: what a number of JavaScript would round is a bigint; a fraction of which that is true cannot be said. */
const asLiteral = (json: ExactJson): Value => {
  if (isExactNumber(json)) return code(/^-?\d+$/.test(json.text) ? `${json.text}n` : fraction(json.text))
  if (Array.isArray(json)) return json.map(asLiteral)
  if (typeof json !== 'object' || json === null) return json as Value
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, asLiteral(value)]))
}
const fraction = (text: string): string => {
  const number = Number(text)
  if (numberOf(String(number)) !== undefined && isSameNumber(number, numberOf(text)!)) return String(number)
  throw new RangeError(`${text} has more digits than a number`)
}

const parsed = (text: string): Value | undefined => {
  if (text.includes('$') || namesSecret(text)) return undefined
  try {
    return asLiteral(readJson(text))
  } catch {
    return undefined
  }
}
