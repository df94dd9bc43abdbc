const app = (name) => ({
  name,
  // pm2 resolves a relative cwd against the caller's folder, not against this file.
  cwd: `${__dirname}/backend`,
  script: 'dist/server.js',
  // In cluster mode `pm2 reload` starts a new process, and ends the old one when the new one listens.
  exec_mode: 'cluster',
  instances: 1,
  node_args: ['--require', `${__dirname}/last-words.cjs`],
  // Cluster mode would put the instance's number into the names of the logs.
  merge_logs: true,
  kill_timeout: 5000,
})

module.exports = { apps: [app('lumiku-backend'), app('lumiku-backend-staging')] }
