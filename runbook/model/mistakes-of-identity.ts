import type { Environment } from './environment.ts'
import type { Mistake } from './step.ts'

/** What is called a production is one, and what identifies a database needs one. */
export const mistakesOfIdentity = ({
  name,
  protected: isProtected,
  database,
  identify,
}: Environment): Mistake[] => {
  const at = `environments.${name}`
  const productive = [name, identify?.database, identify?.server].find(
    (each) => each && namesProduction(each),
  )
  const keys = Object.keys(identify ?? {})
  const ofDatabase = keys.filter((key) => key !== 'remote')
  return [
    ...(productive && !isProtected
      ? [{ at, expected: `'${productive}' names a production, so it needs protected: true` }]
      : []),
    ...(identify && keys.length === 0 ? [{ at: `${at}.identify`, expected: 'says nothing' }] : []),
    ...(database
      ? []
      : ofDatabase.map((key) => ({
          at: `${at}.identify.${key}`,
          expected: 'is of a database, and it has none',
        }))),
  ]
}

/** Whether something of this name is the real one: 'production', 'shop-live', and not 'preprod'. */
export const namesProduction = (name: string): boolean => PRODUCTION.test(name)

const PRODUCTION = /(?<!\b(pre|non|not|no)[-_]?)(?<![a-z])(production|prod|prd|live)(?![a-z])/i
