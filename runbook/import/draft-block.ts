import type { Accounted, Place } from './draft-book.ts'
import { draftShell } from './draft-shell.ts'
import type { StepCall } from './known-commands.ts'
import type { Block } from './read-page.ts'
import { byHand } from './shell-steps.ts'
import { slug } from './slug.ts'
import { kindOfSql } from './sql-block.ts'
import { withoutSecrets } from './without-secrets.ts'

/** Enters a block; gives what it is called, and what became of it. */
export const draftBlock = (block: Block, place: Place): Omit<Accounted, 'line'> => {
  const { entries, heading, draft, part } = place
  switch (block.kind) {
    case 'heading': {
      const name = `heading “${block.title}”`
      if (block.depth === 1 && block.title === draft.title && part.name === 'deploy' && entries.length === 0)
        return { block: name, became: 'the title' }
      if (block.depth <= 3) entries.push({ kind: 'phase', title: block.title, line: block.line })
      else entries.push({ kind: 'comment', text: `${'#'.repeat(block.depth)} ${block.title}` })
      const where = part.name === 'deploy' ? '' : ` of the procedure ${part.name}`
      return { block: name, became: `${block.depth <= 3 ? 'a phase' : 'a comment'}${where}` }
    }
    case 'checklist': {
      const items = block.items.map(withoutSecrets)
      const [item = '', ...others] = items
      const became = others.length
        ? place.add({ factory: 'manual', options: { title: heading, items } }, heading)
        : place.add({ factory: 'manual', options: { title: heading, text: item } }, item)
      return {
        block: `checklist, ${block.items.length} ${block.items.length === 1 ? 'item' : 'items'}`,
        became,
      }
    }
    case 'prose':
      if (block.what !== 'rule') entries.push({ kind: 'comment', text: withoutSecrets(block.text) })
      return { block: block.what, became: block.what === 'rule' ? 'nothing: it only divides' : 'a comment' }
    case 'code':
      return { block: `block${block.language && ` of ${block.language}`}`, became: enteredCode(block, place) }
  }
}

const SHELL = /^(sh|bash|shell|zsh|console|shell-?session|terminal)$/
const SQL = /^(sql|pgsql|psql|postgres(ql)?)$/

const enteredCode = (block: Block & { kind: 'code' }, place: Place): string => {
  const { language, code } = block
  if (!code.trim()) return 'nothing: it is empty'
  if (SQL.test(language)) return enteredSql(code, place)
  const isPrompted =
    !language && code.split('\n').some((line) => /^\s*([\w.-]+@[\w.-]+\S*\s*)?\$ /.test(line))
  if (SHELL.test(language) || isPrompted) return draftShell(code, place)
  if (/^(|text|txt|plain(text)?|none|no-highlight|output)$/.test(language) && looksTyped(code))
    return byHand(code, UNNAMED, place)
  place.entries.push({ kind: 'comment', text: withoutSecrets(code) })
  return language ? 'a comment' : `a comment: ${UNNAMED}`
}
const UNNAMED = 'no language is named; where it is to be performed, write ```bash above it'

/** A line in it begins with a program that deployments use. */
const looksTyped = (code: string): boolean =>
  /^\s*(sudo|git|npm|npx|pnpm|yarn|docker|docker-compose|kubectl|helm|pm2|systemctl|ssh|cd|curl|psql|make|node|python3?|pip3?|php|composer|bundle|rails|\.\/\S+|bash|sh|apt(-get)?|terraform|aws|gcloud|az) \S/m.test(
    code,
  )

/** What a transaction is followed by, and only asks, is a file of its own: `applySql` performs nothing outside of it. */
const enteredSql = (sql: string, place: Place): string => {
  const end = /^[ \t]*COMMIT\s*;[ \t]*$/im.exec(sql)
  const after = end ? sql.slice(end.index + end[0].length) : ''
  if (!end || kindOfSql(after) !== 'asks') return sqlFile(sql, place, '')
  return [sqlFile(sql.slice(0, end.index + end[0].length), place, ''), sqlFile(after, place, 'check')].join(
    '; ',
  )
}

const sqlFile = (sql: string, place: Place, suffix: string): string => {
  const { draft, heading } = place
  const count = [...draft.files.keys()].filter((path) => path.startsWith('sql/')).length + 1
  const name = [String(count).padStart(2, '0'), slug(heading), suffix].filter(Boolean).join('-')
  const file = `sql/${name}.sql`
  draft.files.set(file, `${withoutSecrets(sql).trim()}\n`)
  draft.needsDatabase = true
  const kind = place.part.performs === 'by-hand' || place.session.elsewhere() ? 'asks' : kindOfSql(sql)
  const id = kind === 'changes' ? heading : `${heading} ${suffix || 'sql'}`
  return `the file ${file} and ${place.add(stepFor(kind, file, heading), id)}`
}

const stepFor = (kind: ReturnType<typeof kindOfSql>, file: string, title: string): StepCall => {
  switch (kind) {
    case 'changes':
      return {
        factory: 'applySql',
        options: { title, file },
        review: 'its file is looked for below app.dir: commit it there; see what a plan says of its way back',
      }
    case 'asks':
      return {
        factory: 'manual',
        options: { title, text: `Run ${file} in psql, and compare the answer with the page` },
        review: 'a check, such as verifySchema, can see this by itself',
      }
    case 'by-hand':
      return {
        factory: 'manual',
        options: { title, text: `Type what ${file} says: it is not SQL alone, or has places to fill in` },
        review: 'make steps of it',
      }
  }
}
