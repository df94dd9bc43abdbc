import { Failed } from '../../runbook/index.ts'

/** What was refused of one table, such as for a right that is missing or a policy, says nothing of the others. */
export const orWhy = async <T>(work: () => Promise<T>): Promise<T | { why: string }> => {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof Failed) || error.failure.kind !== 'query-failed') throw error
    return { why: error.failure.message }
  }
}
