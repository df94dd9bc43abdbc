/** What a wrapper runs: words, or a text that a shell reads. */
export type Wrapped =
  | { readonly words: readonly string[] }
  | { readonly text: string }
  /** A script by its name, in the package.json of a folder. */
  | { readonly scripts: readonly string[]; readonly folder?: string }
  /** A file of shell lines. */
  | { readonly file: string }

/** Options of wrappers that have their value in the next word. */
const valued: Readonly<Record<string, RegExp>> = {
  env: /^(-u|--unset|-C|--chdir)$/,
  sudo: /^-[ugpCDhRTU]$|^--(user|group|prompt|chdir|host)$/,
  doas: /^-[uC]$/,
  nice: /^-n$/,
  ionice: /^-[cnp]$/,
  timeout: /^(-k|-s|--kill-after|--signal)$/,
  chrt: /^$/,
  xargs: /^-[adEILnPs]$/,
  node: /^(-r|--require|--import|--loader|--experimental-loader|-C|--conditions|--env-file)$/,
  npx: /^(-p|--package)$/,
  docker:
    /^(-f|--file|-p|--project-name|--profile|--env-file|-e|--env|-u|--user|-w|--workdir|--index|-v|--volume|--name|--network|--entrypoint|-H|--host|-c|--context|--project-directory)$/,
  run: /^(--env-file|--with|-n|--name|-p|--python|--package|--group|--extra)$/,
}

const rest = (args: readonly string[], wrapper: string): readonly string[] => {
  let i = 0
  while (i < args.length && args[i]!.startsWith('-')) {
    if (args[i] === '--') return args.slice(i + 1)
    i += valued[wrapper]?.test(args[i]!) ? 2 : 1
  }
  return args.slice(i)
}
const withoutAssignments = ([first, ...more]: readonly string[]): readonly string[] =>
  first === undefined ? [] : /^[A-Za-z_]\w*=/.test(first) ? withoutAssignments(more) : [first, ...more]

const PREFIXES =
  /^(nice|ionice|nohup|exec|command|builtin|time|setsid|stdbuf|chronic|doas|xargs|unbuffer|dotenv)$/
const SHELLS = /^(ba|da|z|k|a)?sh$/
const INTERPRETERS = /^(node|nodejs|bun|deno|tsx|ts-node|python[\d.]*|ruby|php|perl)$/

/** What stands behind one wrapper, such as `sudo -u app …` or `docker compose exec api …`; undefined where it is none. */
export const unwrap = (name: string, args: readonly string[]): Wrapped | undefined => {
  if (name === 'env' || name === 'sudo' || name === 'dotenvx' || name === 'dotenv')
    return { words: withoutAssignments(rest(name.startsWith('dotenv') ? afterDashes(args) : args, name)) }
  if (PREFIXES.test(name)) return { words: rest(args, name) }
  if (name === 'timeout') return { words: rest(args, name).slice(1) }
  if (name === 'cross-env') return { words: withoutAssignments(args) }
  if (name === 'eval') return { text: args.join(' ') }
  if (name === 'source' || name === '.') return args[0] ? { file: args[0] } : undefined
  if (name === 'su' || name === 'runuser') return textAfter(args, /^(-c|--command)$/)
  if (SHELLS.test(name)) return textAfter(args, /^-\w*c$/) ?? fileOf(rest(args, name))
  if (name === 'ssh') return args.length > 1 ? { text: rest(args, 'ssh').slice(1).join(' ') } : undefined
  if (name === 'kubectl' || name === 'heroku' || name === 'flyctl' || name === 'fly')
    return remote(name, args)
  if (/^(docker|podman|docker-compose|podman-compose|nerdctl)$/.test(name)) return container(args)
  if (name === 'npx' || name === 'bunx' || name === 'pnpx')
    return textAfter(args, /^(-c|--call)$/) ?? { words: rest(args, 'npx') }
  if (/^(npm|pnpm|yarn|bun)$/.test(name)) return manager(name, args)
  if (/^(run-s|run-p|npm-run-all)$/.test(name)) return { scripts: args.filter((arg) => !arg.startsWith('-')) }
  if (name === 'bundle') return args[0] === 'exec' ? { words: rest(args.slice(1), name) } : undefined
  if (/^(poetry|pipenv|uv|pdm|rye|hatch|conda|pixi)$/.test(name) && args.includes('run'))
    return { words: rest(args.slice(args.indexOf('run') + 1), 'run') }
  if (INTERPRETERS.test(name)) return interpreted(args)
  return undefined
}

const afterDashes = (args: readonly string[]): readonly string[] =>
  args.includes('--') ? args.slice(args.indexOf('--') + 1) : args.filter((arg) => arg !== 'run')

const textAfter = (args: readonly string[], option: RegExp): Wrapped | undefined => {
  const at = args.findIndex((arg) => option.test(arg))
  const text = at < 0 ? undefined : args[at + 1]
  return text === undefined ? undefined : { text }
}
const fileOf = ([file]: readonly string[]): Wrapped | undefined => (file ? { file } : undefined)

const remote = (name: string, args: readonly string[]): Wrapped | undefined => {
  if (args.includes('--')) return { words: args.slice(args.indexOf('--') + 1) }
  if (name === 'heroku') return args[0] === 'run' ? { text: rest(args.slice(1), name).join(' ') } : undefined
  return textAfter(args, /^(-C|--command)$/)
}

/** `docker compose exec api …`, `docker exec web …`, `docker run image …`. */
const container = (args: readonly string[]): Wrapped | undefined => {
  const words = rest(args, 'docker')
  if (words[0] === 'compose') return container(words.slice(1))
  return words[0] === 'exec' || words[0] === 'run'
    ? { words: rest(words.slice(1), 'docker').slice(1) }
    : undefined
}

/** A script of package.json, or a program that a package brought. */
const manager = (name: string, args: readonly string[]): Wrapped | undefined => {
  // A workspace is mostly named like its folder.
  const of = name === 'npm' ? /^(-w|--workspace|-C|--prefix)$/ : /^(-F|--filter|-C|--cwd|--dir)$/
  const at = args.findIndex((arg) => of.test(arg))
  const joined = args
    .map((arg) => /^--(?:prefix|cwd|dir|workspace|filter)=(.+)$/.exec(arg)?.[1])
    .find(Boolean)
  const folder = joined ?? (at < 0 ? undefined : args[at + 1])
  const own = at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)]
  const [verb, ...more] = rest(own, 'npx')
  const inFolder = folder === undefined ? {} : { folder }
  if (verb === undefined) return name === 'yarn' ? { scripts: INSTALL, ...inFolder } : undefined
  if (/^(exec|x|dlx)$/.test(verb)) return textAfter(more, /^(-c|--call)$/) ?? { words: rest(more, 'npx') }
  if (/^(ci|install|i|add)$/.test(verb)) return { scripts: INSTALL, ...inFolder }
  if (/^run(-script)?$/.test(verb)) {
    const [script] = rest(more, 'npx')
    return script === undefined ? undefined : { scripts: withHooks(script), ...inFolder }
  }
  if (verb === 'test' || verb === 'start') return { scripts: withHooks(verb), ...inFolder }
  // yarn migrate, pnpm knex migrate:latest: a script of that name, or else a program.
  return name === 'npm' ? undefined : { scripts: [verb], ...inFolder }
}
const INSTALL = ['preinstall', 'install', 'postinstall', 'prepare']
const withHooks = (script: string): string[] => [`pre${script}`, script, `post${script}`]

/** `node node_modules/typeorm/cli.js …`, `python -m alembic …`, `php artisan …`. */
const interpreted = (args: readonly string[]): Wrapped | undefined => {
  if (args[0] === '-m' || args[0] === 'run') return { words: args.slice(1) }
  const [file, ...more] = rest(args, 'node')
  if (file === undefined) return undefined
  const packaged = /node_modules\/(?!\.bin\/)((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
  return { words: [packaged ?? file, ...more] }
}
