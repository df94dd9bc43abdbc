import {
  databaseOf,
  defineCheck,
  type Environment,
  explain,
  fails,
  holds,
  selects,
} from '../runbook/index.ts'

/** What the environment's secret names is a database that lets its user in. Every other reason is what is found. */
export const databaseReached = (env: Environment) => {
  const { name } = databaseOf(env).url
  return defineCheck({
    fact: `${name} leads to a database that answers`,
    remedy: `correct ${name}`,
    look: async ({ attempt }) => {
      const asked = await attempt(
        selects<{ database: string; role: string }>(
          'SELECT current_database() AS database, current_user AS role',
        ),
      )
      if (asked.ok) return holds(`database ${asked.value[0]!.database}, role ${asked.value[0]!.role}`)
      const { sentence, remedy } = explain(asked.failure)
      return fails(sentence, {
        remedy: `${remedy}; .env.${env.name} beside the book comes first, then the variables of your shell`,
      })
    },
  })
}
