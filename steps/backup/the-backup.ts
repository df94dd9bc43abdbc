import { z } from 'zod'
import type { Step } from '../../runbook/index.ts'

/** An option: which step it goes by. */
export const theBackup = z
  .custom<Step>((value) => (value as Step | null)?.role === 'backup', 'must be the backup step of the book')
  .describe('the step of the same book that backs the database up')

/** As a book has it: `const backup = backupDatabase()`. For examples. */
export const BACKUP = {
  kind: 'step',
  role: 'backup',
  [Symbol.for('nodejs.util.inspect.custom')]: () => 'backup',
} as unknown as Step
