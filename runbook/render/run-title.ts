import type { EventOf } from '../model/event.ts'

/** 'deploy lumiku to production', 'rollback of lumiku in production'. */
export const runTitle = ({ command, book, env }: EventOf<'run-started'>): string =>
  `${command} ${command === 'deploy' ? `${book} to` : `of ${book} in`} ${env}`
