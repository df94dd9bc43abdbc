/** The sections that a book is made of. */
export { backupDatabase } from './backup-database.ts'
export { pullCode } from './pull-code.ts'
