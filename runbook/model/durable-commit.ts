/**
 * Makes the transaction that it begins in, or the session, wait until what is committed is on the server's disk, where its
 * role, its database or its server says otherwise. Who waits for a standby as well goes on doing that.
 */
export const durableCommit = commitWaits(false)

/** The same for the transaction alone. */
export const durableCommitHere = commitWaits(true)

function commitWaits(here: boolean): string {
  return `SELECT set_config('synchronous_commit', 'on', ${here}) WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')`
}
