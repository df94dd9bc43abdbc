/** How long it may take to go through all of a database, or of a dump. Milliseconds. */
export const WHOLE_DATABASE = 6 * 3_600_000
