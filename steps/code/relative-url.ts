/**
 * The address of a submodule, which may be relative to that of its parent's remote: `../lib.git` of
 * `git@example.com:shop/app.git` is `git@example.com:shop/lib.git`. As git makes it:
 * https://git-scm.com/docs/git-submodule#Documentation/git-submodule.txt-add-bltbranchgt-f--forcegt
 */
export const relativeUrl = (url: string, base: string): string => {
  if (!/^\.\.?\//.test(url)) return url
  let from = base.replace(/\/+$/, '')
  let rest = url
  for (;;) {
    if (rest.startsWith('./')) rest = rest.slice(2)
    else if (rest.startsWith('../')) {
      rest = rest.slice(3)
      const end = Math.max(from.lastIndexOf('/'), from.lastIndexOf(':'))
      from = end < 0 ? '.' : from.slice(0, from[end] === ':' ? end + 1 : end)
    } else break
  }
  const path = rest.replace(/\/+$/, '')
  return from.endsWith(':') ? `${from}${path}` : `${from}/${path}`
}
