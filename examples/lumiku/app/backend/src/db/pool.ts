import { Pool } from 'pg'
import { loadConfig } from '../config'
import { logError } from '../log'

/** The connections to the database; opened when first used. */
export const pool = new Pool({
  connectionString: loadConfig().databaseUrl,
  application_name: 'lumiku-backend',
  connectionTimeoutMillis: 5000,
})

// Without a listener the loss of an idle connection (a restarted server) would end the process.
pool.on('error', (error) => logError('idle database connection lost', error))
