module.exports = {
  apps: [
    {
      name: 'backend',
      // pm2 resolves a relative cwd against the caller's folder, not against this file.
      cwd: `${__dirname}/backend`,
      script: 'src/server.mjs',
      kill_timeout: 5000,
    },
  ],
}
