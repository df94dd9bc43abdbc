#!/usr/bin/env node
import { helpPage } from './commands/help-page.ts'
import { VERSION } from './version.ts'

/** What needs nothing but this file is answered at once: to load the rest would cost a third of Node's own start. */
const atOnce = ([first, ...more]: readonly string[]): string | undefined => {
  if (more.length > 0) return undefined
  if (first === '--version' || first === '-V') return `${VERSION}\n`
  return first === '--help' || first === '-h' ? helpPage() : undefined
}

const answer = atOnce(process.argv.slice(2))
if (answer !== undefined) process.stdout.write(answer)
else await (await import('./commands/command-line.ts')).runCommandLine()
