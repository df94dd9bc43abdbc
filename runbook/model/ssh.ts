/** What every `ssh` is told: it asks nobody, refuses a host whose key is not known, and notices when nobody is there any more. */
export const quietSsh = [
  ...['-o', 'BatchMode=yes'],
  ...['-o', 'StrictHostKeyChecking=yes'],
  ...['-o', 'ConnectTimeout=10'],
  ...['-o', 'ServerAliveInterval=5', '-o', 'ServerAliveCountMax=3'],
  ...['-o', 'ForwardX11=no', '-o', 'RequestTTY=no', '-o', 'RemoteCommand=none'],
]
