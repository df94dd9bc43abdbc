import { defineCheck, holds, reads, secret } from '../runbook/index.ts'

/** A secret has a value, in the operator's environment or in `.env.<environment>` beside the book. */
export const secretPresent = (name: string) =>
  defineCheck({
    fact: `the secret ${name} is set`,
    remedy: `export ${name}=…`,
    look: async ({ see }) => {
      // Only a child opens a secret; this one does nothing with it. Without a value it is not even started.
      await see({ ...reads('true'), env: { [name]: secret(name) } })
      return holds('it has a value')
    },
  })
