import { type Evidence, reads } from '../../runbook/index.ts'

const git = (...args: string[]) => reads('git', '-c', 'core.fsmonitor=false', ...args)

/** Which code is there, and what of it was changed. */
export const gitEvidence: Evidence = {
  file: 'git.txt',
  about: 'which code is there, and what of it was changed',
  collect: async ({ see }) =>
    [
      await see(git('--version')),
      '',
      await see(git('log', '-10', '--format=%h %cI %an: %s', '--decorate')),
      '',
      await see(git('status', '--branch', '--short')),
      '',
      await see(git('remote', '--verbose')),
      '',
    ].join('\n'),
}
