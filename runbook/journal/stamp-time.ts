/** The time in a stamp, `20261122T021500Z`; milliseconds since 1970. */
export const timeOfStamp = (stamp: string): number =>
  Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))

/** '2026-11-22 02:15:00 UTC'. */
export const stampText = (stamp: string): string =>
  new Date(timeOfStamp(stamp)).toISOString().slice(0, 19).replace('T', ' ').concat(' UTC')
