const app = (name) => ({
  name,
  // pm2 resolves a relative cwd against the caller's folder, not against this file.
  cwd: `${__dirname}/backend`,
  script: 'dist/server.js',
  kill_timeout: 5000,
})

module.exports = { apps: [app('lumiku-backend'), app('lumiku-backend-staging')] }
