// In cluster mode pm2 loses what a process says right before it dies, its error too: this writes it down in time.
const { appendFileSync } = require('node:fs')

process.on('uncaughtExceptionMonitor', (error) => {
  const log = process.env.pm_err_log_path
  if (log) appendFileSync(log, `${new Date().toISOString()} error: ${error?.stack ?? error}\n`)
})
