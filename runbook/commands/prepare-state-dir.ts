import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Failed } from '../model/failure.ts'

/** Only its owner may look into it, and git passes it over. */
export const prepareStateDir = (stateDir: string): void => {
  try {
    for (const folder of ['runs', 'backups', 'locks'].map((name) => join(stateDir, name))) {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      chmodSync(folder, 0o700)
    }
    writeFileSync(join(stateDir, '.gitignore'), '*\n', { mode: 0o600 })
  } catch (error) {
    throw new Failed({ kind: 'journal-failed', path: stateDir, message: (error as Error).message })
  }
}
