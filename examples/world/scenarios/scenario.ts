import type { Client } from 'pg'

/** One environment of a world: a clone, a database, and perhaps a program that runs. */
export type EnvironmentPlan = {
  name: string
  branch: string
  database: string
  /** Under this name in pm2; absent: nothing runs here. */
  process?: string
  /** How much data is in it. */
  users: number
}

/** What reaches an environment from outside. */
export type Access = { url: string; databaseUrl: string; token: string }

/** One commit of the remote: the application's folder after `edit`. */
export type Revision = { message: string; date: string; edit?: (files: string) => Promise<void> }

/** An application, its history and its surroundings; the world does the rest. */
export type Scenario = {
  name: string
  /** The folder with the newest revision of the application. */
  app: string
  /** The folder whose files, the application's apart, stand beside the environments. */
  book: string
  /** The folder, in the application, where npm installs and builds, and where `.env` is. */
  packages: string
  /** What the build makes, beside `node_modules`. */
  built: string
  /** pm2's file, in the application. */
  ecosystem: string
  /** Oldest first. The last one runs. */
  history: [...Revision[], broken: Revision]
  /** Waits on the remote; absent where the book itself makes the fix. */
  fixed?: Revision
  environments: [EnvironmentPlan, ...EnvironmentPlan[]]
  /** Makes the tables and fills them; gives the number of rows. The client is the application's own role. */
  fill(client: Client, plan: EnvironmentPlan, token: string): Promise<number>
  /** The application's own settings. */
  settings(access: Access, port: number): Record<string, string>
  /**
   * The secrets to deploy there. Those of the first environment are in the operator's shell, those of the others in
   * their `.env.<environment>` beside the book.
   */
  secrets(access: Access): Record<string, string>
  /** The variable that tells the book where an environment's application answers. */
  address(environment: string): string
  /** Whether the running application shows what the deployment is to mend. Throws or says no until then. */
  isBroken(access: Access, revision: string): Promise<boolean>
}
