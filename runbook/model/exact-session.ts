/**
 * Settings of a session that counts and compares rows, in the place of what the role, the database or the server says. A
 * policy that would hide rows is an error, as for pg_dump; and a value has the same text in every database, to its last
 * digit: every setting that changes how a type of PostgreSQL is printed is here
 * (https://www.postgresql.org/docs/current/runtime-config-client.html).
 */
export const EXACT = {
  row_security: 'off',
  extra_float_digits: '3',
  bytea_output: 'hex',
  DateStyle: 'ISO, YMD',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  lc_monetary: 'C',
  xmlbinary: 'base64',
  quote_all_identifiers: 'off',
} as const
