/** The sections that a book is made of. */
export { backupDatabase } from './backup-database.ts'
export { pm2Restart, type Restarted } from './pm2-restart.ts'
export { pullCode } from './pull-code.ts'
