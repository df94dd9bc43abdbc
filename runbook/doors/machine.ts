import { arch, release, type } from 'node:os'

/** What this tool runs on: 'Node.js v20.20.2', 'Linux 6.1.0, x64'. */
export const machineVersions = (): string[] => [
  `Node.js ${process.version}`,
  `${type()} ${release()}, ${arch()}`,
]
