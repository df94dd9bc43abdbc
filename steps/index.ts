/** The sections that a book is made of. */
export { applySql } from './apply-sql.ts'
export { backupDatabase } from './backup-database.ts'
export { editFile } from './edit-file.ts'
export { installDependencies } from './install-dependencies.ts'
export { pm2Restart, type Restarted } from './pm2-restart.ts'
export { pullCode } from './pull-code.ts'
export { verifySchema } from './verify-schema.ts'
