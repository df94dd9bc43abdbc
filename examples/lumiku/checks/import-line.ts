import type { Check } from 'runbook'
import { fileContains, fileLacks } from 'runbook/checks'
import { builtRepository, goodImport, repository } from '../avatars.ts'

/** With braces it is the bug; without them the fix is there, from a deployment that did not get to its end. */
export const importLineIsKnown = (): Check => ({
  ...fileContains(repository, /^import (\{ prisma \}|prisma) from '\.\.\/\.\.\/\.\.\/db\/client'$/),
  fact: 'the repository imports the database client in one of the two known ways',
})

export const importLineIsFixed = (): Check => ({
  ...fileContains(repository, goodImport),
  fact: 'the repository imports the database client without braces',
})

/** What the line with braces becomes in CommonJS is a member that the module does not have. */
export const builtImportIsFixed = (): Check => ({
  ...fileLacks(builtRepository, /client_1\.prisma\./),
  fact: 'the built repository uses the database client that it imports',
})
