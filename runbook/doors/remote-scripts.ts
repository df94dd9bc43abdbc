import { shellWord } from '../model/shell-word.ts'

/** What a host's `sh` is given to read. POSIX, with `setsid`, `head -c` and `base64` of any Linux. */

/** A command as a host can be told it. */
export interface RemoteCommand {
  argv: readonly string[]
  /** Absolute. */
  cwd: string
  /** Set over what a session over there has; undefined takes away. */
  env: Readonly<Record<string, string | undefined>>
  /** What of the session stays; default: all of it. */
  keeps?: readonly string[]
  input?: string
}

/**
 * Runs a command and frames what it prints: what a login shell prints by itself stands before the mark. `mark` is a
 * word that nobody else prints. The script is read whole before any of it runs, because a connection can break.
 */
export const lookScript = (command: RemoteCommand, mark: string): string =>
  whole([
    says(mark),
    ...prepare(command, 'say'),
    'say pid $$',
    program(command),
    `x=$?; printf '\\n'; say exit $x`,
  ])

/** Ends what a look has started. */
export const endGroupScript = (pid: number, graceTenths: number): string =>
  whole([...groups, ...endGroup(String(pid), graceTenths)])

/**
 * Starts a command that goes on without the connection, once, and follows it: a folder of its own is made first, and
 * who finds it made does not start it, but only follows from where it was heard. What it prints, its process and its
 * exit status stay in there.
 */
export const jobScript = (
  command: RemoteCommand,
  { job, mark, heard }: { job: string; mark: string; heard: Heard },
): string =>
  whole([
    ...preamble(job, mark),
    'forget() { rm -rf "$D"; say "$@"; }',
    'mask=$(umask); umask 077',
    'mkdir -p "${D%/*}" 2>/dev/null',
    'if why=$(mkdir "$D" 2>&1); then',
    // Room for the exit status is taken beforehand: it must find its place on a full disk, too.
    `  { printf '  -\n' > "$D/exit" && : > "$D/out" && : > "$D/err"; } 2>/dev/null || { forget nowhere 'No space left on device'; exit 0; }`,
    '  P=$PATH',
    ...prepare(command, 'forget').map((line) => `  ${line}`),
    `  RUNBOOK_MASK=$mask RUNBOOK_FOLDER=$D RUNBOOK_JOB=${shellWord(jobOf(command))} setsid sh -c 'eval "$RUNBOOK_JOB"' </dev/null >/dev/null 2>&1 &`,
    '  PATH=$P',
    'elif [ ! -d "$D" ]; then say nowhere "$why"; exit 0',
    'fi',
    ...following(heard),
  ])

/** Follows a command that was started before. */
export const followScript = ({ job, mark, heard }: { job: string; mark: string; heard: Heard }): string =>
  whole([...preamble(job, mark), '[ -d "$D" ] || { say unknown; exit 0; }', ...following(heard)])

/** How many bytes of a job's output have arrived. */
export interface Heard {
  out: number
  err: number
}

/** How a command stands: `running`, `exit <status>`, `gone`, `unknown`. */
export const stateScript = (job: string, mark: string): string =>
  whole([
    ...preamble(job, mark),
    '[ -d "$D" ] || { say unknown; exit 0; }',
    // In this order: what ends in between is not gone.
    'still=no; alive && still=yes',
    'x=$(cat "$D/exit" 2>/dev/null)',
    'case $x in *[0-9]*) say exit $x;; *) [ $still = yes ] && say running || say gone;; esac',
  ])

/** Ends a command's whole tree. */
export const endScript = (job: string, graceTenths: number): string =>
  whole([
    ...preamble(job, 'x'),
    // It may be about to start.
    'n=0; while [ -d "$D" ] && [ ! -s "$D/pid" ] && [ $n -lt 20 ]; do n=$((n+1)); sleep 0.1; done',
    'alive || exit 0',
    ...endGroup('$pid', graceTenths),
  ])

/** Removes what is known here by now, and what nobody has asked for in a month. */
export const forgetScript = (jobs: readonly string[]): string =>
  whole([
    ...folder('x'),
    'B=${D%/*}; cd "$B" 2>/dev/null || exit 0',
    ...(jobs.length ? [`rm -rf -- ${jobs.map(shellWord).join(' ')}`] : []),
    'find . -mindepth 1 -maxdepth 1 -mtime +30 -exec rm -rf -- {} +',
    'cd / && rmdir "$B" 2>/dev/null',
  ])

/** `sh` reads a group of commands to its end before it begins with it. */
const whole = (lines: readonly string[]): string => `{\n${lines.join('\n')}\nexit 0\n}\n`

const folder = (job: string) => [`D="\${XDG_STATE_HOME:-$HOME/.local/state}/runbook/"${shellWord(job)}`]

/** Where and with what a command runs. `say` tells what is missing. */
const prepare = ({ argv, cwd, env, keeps }: RemoteCommand, say: string): string[] => [
  `cd ${shellWord(cwd)} 2>/dev/null || { ${say} folder; exit 0; }`,
  ...(keeps
    ? [
        // awk knows the names, which lines of `env` do not tell where a value has several.
        `for v in $(awk 'BEGIN { for (v in ENVIRON) print v }'); do`,
        `  case $v in ${keeps.join('|')}|*[!A-Za-z0-9_]*) ;; *) unset $v;; esac`,
        'done',
      ]
    : []),
  ...Object.entries(env).map(([name, value]) =>
    value === undefined ? `unset ${name}` : `export ${name}=${shellWord(value)}`,
  ),
  `command -v ${shellWord(argv[0]!)} >/dev/null 2>&1 || { ${say} missing; exit 0; }`,
]

const program = ({ argv, input }: RemoteCommand): string => {
  const words = argv.map(shellWord).join(' ')
  if (input === undefined) return `${words} </dev/null`
  return `printf %s ${shellWord(Buffer.from(input).toString('base64'))} | base64 -d | ${words}`
}

/** Its own process group, which is how its tree is found again. The status is written over the place kept for it. */
const jobOf = (command: RemoteCommand): string =>
  [
    'D=$RUNBOOK_FOLDER; M=$RUNBOOK_MASK; unset RUNBOOK_FOLDER RUNBOOK_MASK RUNBOOK_JOB',
    `printf '%s %s\\n' $$ "$(cat /proc/sys/kernel/random/boot_id)" > "$D/pid"`,
    'umask $M',
    `{ ${program(command)}; } > "$D/out" 2> "$D/err"`,
    `printf '%3d\\n' $? 1<> "$D/exit"`,
  ].join('\n')

const says = (mark: string) => `say() { printf '%s %s\\n' ${mark} "$*"; }`

/** What is over and was not yet looked at by its parent is not alive; without `ps` it is taken for alive. */
const groups = [
  'lives() {',
  '  kill -0 -$1 2>/dev/null || return 1',
  '  command -v ps >/dev/null 2>&1 || return 0',
  `  ps -eo pgid=,stat= | awk -v g="$1" '$1 == g && $2 !~ /^Z/ { found = 1 } END { exit !found }'`,
  '}',
]

const preamble = (job: string, mark: string): string[] => [
  says(mark),
  ...folder(job),
  ...groups,
  // Its number is given to nobody else while one of the group lives, unless the machine was started anew.
  'alive() {',
  '  pid= boot=; read -r pid boot 2>/dev/null < "$D/pid"',
  '  [ -n "$pid" ] && [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ] && lives $pid',
  '}',
]

const endGroup = (pid: string, graceTenths: number): string[] => {
  const wait = `n=0; while lives ${pid} && [ $n -lt ${graceTenths} ]; do n=$((n+1)); sleep 0.1; done`
  return [`kill -TERM -${pid} 2>/dev/null`, wait, `lives ${pid} && kill -KILL -${pid} 2>/dev/null`, wait]
}

/**
 * Sends what a job prints, in pieces that say their length, until it has ended. Its status is looked at before its
 * output is, so that nothing which was printed before the end is missed.
 */
const following = ({ out, err }: Heard): string[] => [
  `o=${out} e=${err} n=0`,
  'piece() {',
  '  size=$(wc -c < "$D/$1" 2>/dev/null) || return 1',
  '  size=$((size)); [ $size -gt $2 ] || return 1',
  '  say $1 $((size-$2)); tail -c +$(($2+1)) "$D/$1" | head -c $((size-$2))',
  '}',
  'say following',
  'while :; do',
  '  x=$(cat "$D/exit" 2>/dev/null)',
  '  piece out $o && o=$size',
  '  piece err $e && e=$size',
  '  case $x in',
  `    *[0-9]*) [ $x -ne 0 ] && [ "$(df -P "$D" | awk 'END { print $4 }')" = 0 ] && say full; say exit $x; exit 0;;`,
  '  esac',
  // Looked at now and then: it costs a process. Not before it can have begun.
  '  if [ $((n % 10)) -eq 9 ] && ! alive; then',
  '    case $(cat "$D/exit" 2>/dev/null) in *[0-9]*) ;; *) piece out $o; piece err $e; say gone; exit 0;; esac',
  '  fi',
  '  n=$((n+1)); if [ $n -lt 5 ]; then sleep 0.0$n; else sleep 0.2; fi',
  'done',
]
