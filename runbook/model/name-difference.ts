/** In what a typed name differs from the one that is meant, for whoever typed it: '"Prod" is not its name'. */
export const nameDifference = (typed: string, name: string): string => {
  if (typed.trim() === '') return 'nothing was typed'
  const quoted = `"${typed}"`
  if (typed.trim() === name) return `${quoted} has a space too many`
  if (typed.trim().toLowerCase() === name.toLowerCase())
    return `${quoted} differs in capital and small letters`
  return `${quoted} is not its name`
}
