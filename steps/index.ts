/** The sections that a book is made of. */
export {
  anyBoolean,
  anyNumber,
  anyString,
  contains,
  type Matcher,
  matching,
  type Shape,
} from './answer-shape.ts'
export { applySql } from './apply-sql.ts'
export { backupDatabase } from './backup-database.ts'
export { type Body, type Captured, captured } from './captured.ts'
export { editFile } from './edit-file.ts'
export { installDependencies } from './install-dependencies.ts'
export { pm2Restart, type Restarted } from './pm2-restart.ts'
export { pullCode } from './pull-code.ts'
export { verifyHttp } from './verify-http.ts'
export { verifySchema } from './verify-schema.ts'
