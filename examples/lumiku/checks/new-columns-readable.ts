import { defineCheck, holds, quantity, selects } from 'runbook'

/** The guide's last query: the new columns can be read. */
export const newColumnsReadable = () =>
  defineCheck({
    fact: 'the new columns of avatars can be read',
    remedy: 'look at the message; then: runbook show',
    look: async ({ see }) => {
      const [found] = await see(
        selects<{ projects: number; avatars: number; sourced: number }>(
          `SELECT (SELECT count(*) FROM avatar_projects) AS projects, count(*) AS avatars, count("sourceType") AS sourced
           FROM avatars`,
        ),
      )
      const { projects, avatars, sourced } = found!
      return holds(
        `${quantity(projects, 'project')}, ${quantity(avatars, 'avatar')}, ${sourced} with a sourceType`,
      )
    },
  })
