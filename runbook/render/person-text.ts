import type { Person } from '../model/person.ts'

/** 'DevOps team: devops@example.com (at night)'. */
export const personText = ({ name, reach, when }: Person): string =>
  `${name}: ${reach}${when ? ` (${when})` : ''}`
