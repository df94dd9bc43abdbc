import { secretsByOrigin, type WhoseSecrets } from './secrets-of-shell.ts'

/** Of these variables the names to which the environment gives another value. None of the values leaves. */
export const definedOtherwise = (
  variables: Readonly<Record<string, string>>,
  context: WhoseSecrets,
): string[] => {
  const { env, doors } = context
  const file = doors.secrets.file()
  const { shell } = secretsByOrigin(context)
  const own = (name: string): string | undefined => {
    const ofBook = env.variables[name]
    if (ofBook !== undefined) return doors.secrets.text(ofBook)
    if (file[name] !== undefined) return file[name]
    return shell.includes(name) ? doors.secrets.inShell(name) : undefined
  }
  return Object.entries(variables).flatMap(([name, value]) => {
    const meant = own(name)
    return meant === undefined || meant === value ? [] : [name]
  })
}
