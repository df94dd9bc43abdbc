/** What a command line waits for, by what is typed; the first that fits. Programs without options before them. */
export const waitingFor = (typed: string, isFed: boolean): string | undefined =>
  table.find(([, pattern, unless]) => pattern.test(typed) && !unless?.test(typed))?.[0] ??
  (isFed
    ? undefined
    : prompts.find(([pattern, performs]) => pattern.test(typed) && !performs.test(typed)) && TALKS)

const EDITS = 'it opens an editor'
const SHOWS = 'it shows something to its reader'
const FOLLOWS = 'it does not end by itself'
const ASKS = 'it asks its reader'
const TALKS = 'it is a prompt to type at'
const DESTROYS = 'what it destroys does not come back'

const SENTENCE = 'it reads like a sentence, not like a command'

const table: readonly (readonly [string, RegExp, RegExp?])[] = [
  [SENTENCE, /^[^\s$'"~{}-]\S*:( |$)|^[A-Z][a-z]+,? [a-z]+\b|^[^\x00-\x7F]/, /^(: |Rscript |MSBuild )/],
  [EDITS, /^(nano|n?vim?|emacs|pico|joe|micro|ed|mcedit|code|subl|gedit|notepad|visudo|vipw|sudoedit)\b/],
  [EDITS, /^\$\{?(EDITOR|VISUAL)\b/],
  [EDITS, /^(crontab -e|systemctl edit|kubectl edit|git rebase -i|\S*rails credentials:edit)\b/],
  [EDITS, /^git commit\b/, / (-\w*[mFC]\b|--(message|file|no-edit|reuse-message))/],
  [ASKS, /^git (add|checkout|reset|stash) (-p|-i|--patch|--interactive)\b|^git (mergetool|difftool)\b/],
  [
    SHOWS,
    /^(less|more|most|man|[hba]?top|io?top|iftop|nethogs|nmon|glances|k9s|lazydocker|ctop|ncdu|open|xdg-open|journalctl)\b/,
  ],
  [
    FOLLOWS,
    /^(watch|stern|kail|multitail|lnav|ngrok|cloudflared|pm2-runtime|nodemon|ts-node-dev|http-server|serve|live-server|mtr|yes|inotifywait -m|dmesg -\w*w)\b/,
  ],
  [FOLLOWS, /^tail .*(-\w*[fF]\b|-f\w*|--follow)/],
  [FOLLOWS, /^(ping|tcpdump)\b/, / -\w*c ?\d/],
  [FOLLOWS, /^sleep (infinity|inf)\b/],
  [FOLLOWS, /^pm2 (logs?|monit|dash|plus|attach)\b|^pm2 start .*--no-daemon/, /--nostream/],
  [
    FOLLOWS,
    /^(heroku|dokku|scalingo|railway|vercel|cf|eb) logs\b.*( -f\b| -t\b|--tail\b|--follow\b)|^railway logs\b/,
  ],
  [FOLLOWS, /^cf logs\b/, /--recent/],
  [FOLLOWS, /^fly(ctl)? (logs|proxy)\b/, /--no-tail/],
  [
    FOLLOWS,
    /^(wrangler tail|netlify dev|vercel dev|stripe listen|minikube (tunnel|dashboard)|supabase functions serve)\b/,
  ],
  [
    FOLLOWS,
    /^aws logs tail\b.*--follow|^az webapp log tail\b|^gcloud .*\blogs? (tail|stream)\b|^doctl .*logs .*(-f\b|--follow)|^nomad .*logs .*-f\b/,
  ],
  [
    FOLLOWS,
    /^(npm|pnpm|yarn|bun)( run| run-script)? (--?\S+ )*(dev|start|serve|watch|preview|studio|storybook)\b/,
  ],
  [
    FOLLOWS,
    /^(vite|next (dev|start)|nuxt (dev|start|preview)|ng serve|gatsby (develop|serve)|vue-cli-service serve|astro (dev|preview)|remix dev|wrangler dev|prisma studio|react-scripts start)\b/,
    /^vite (build|optimize)/,
  ],
  [
    FOLLOWS,
    /^(flask (--\S+ \S+ )?run|uvicorn|hypercorn|daphne|puma|rackup|sidekiq|thin start|gunicorn|celery .*\b(worker|beat|flower)|\S*rails (s|server)|mix phx\.server|dotnet run|go run|cargo run|air|java .*-jar|php -S|deno (serve|task (dev|start))|caddy run|redis-server|mongod|mysqld|postgres)\b/,
    /--daemon|--detach| -D\b|--fork|-d\b|--version/,
  ],
  [
    FOLLOWS,
    /^(python\d?|php)\S* (\S*manage\.py runserver|-m (http\.server|flask run|uvicorn)|\S*artisan (serve|horizon|queue:(work|listen)|schedule:work|octane:start|reverb:start|pail))/,
  ],
  [
    FOLLOWS,
    /^(node|bun|deno run|python\d?|tsx|ts-node)( -\S+)* (\S*\/)?(server|app|index|main|start|www)(\.\w+)?( |$)/,
  ],
  [
    TALKS,
    /^(python\d?\S* \S*manage\.py (shell\w*|dbshell)|php \S*artisan (tinker|db)( |$)|\S*rails (c|console|db|dbconsole)( |$)|flask shell|php -a|prisma (migrate|db) (dev|init))/,
  ],
  [ASKS, /^(python\d?\S* \S*manage\.py (createsuperuser|changepassword))\b/, /--no-?input/],
  [
    ASKS,
    /^(passwd|ssh-copy-id|mysql_secure_installation|dpkg-reconfigure|read|select|mongosh? --password$)\b/,
  ],
  [ASKS, /^adduser\b/, /--(system|disabled-password|gecos)/],
  [ASKS, /^ssh-keygen\b/, / (-N|-R|-l|-y|-F)/],
  [ASKS, /^ufw (enable|reset|delete)\b/, /--force/],
  [ASKS, /^certbot\b/, / -n\b|--non-interactive|\b(renew|certificates|delete)\b/],
  [ASKS, /^prisma migrate (dev|status)\b/],
  [
    ASKS,
    /^(apt|apt-get|aptitude|yum|dnf|zypper|pacman)\b.* (install|(dist-|full-)?upgrade|remove|purge|autoremove|-S\w*)\b/,
    / (-\w*y\w*|--yes|--assume-yes|--noconfirm|--non-interactive)\b/,
  ],
  [ASKS, /^(npm|yarn|pnpm) (login|adduser|init|create)\b/, / (-y|--yes)\b/],
  [
    ASKS,
    /^(gh|heroku|vercel|netlify|railway|wrangler|firebase|supabase|expo|eas|fly|flyctl|doctl|gcloud|az|aws|docker|podman|nerdctl|helm registry|oc|argocd|vault|doppler)( auth)? (login|init|configure)\b/,
    /--(password-stdin|with-token|service-principal|cred-file|access-token|password|profile|token)\b| -p\b/,
  ],
  [
    TALKS,
    /^(gdb|telnet|ftp|nc|netcat|screen|tmux|byobu|ipython|login|newgrp|mc)\b/,
    /^nc -\w*z|^tmux (new(-session)?|new-session) .*-d|^screen -\w*dm/,
  ],
  [
    TALKS,
    /^(fly(ctl)? (ssh |pg |postgres )?(console|connect)|heroku (run (bash|rails c\w*)|ps:exec|pg:psql|console)|railway (shell|connect|ssh)|eb ssh|cf ssh|az webapp ssh|doctl \S+ console)\b/,
  ],
  [DESTROYS, /^(reboot|shutdown|poweroff|halt|init [06]|systemctl (reboot|poweroff|halt))\b/],
  [
    DESTROYS,
    /^(dropdb|dropuser|mkfs\S*|fdisk|terraform destroy|tofu destroy|pulumi destroy|helm (uninstall|delete)|fly(ctl)? apps destroy|heroku apps:destroy)\b/,
  ],
  [
    DESTROYS,
    /^(docker|podman|nerdctl) (volume (rm|prune)|system prune)\b|^(docker-compose|docker compose|podman-compose)\b.* down\b.*( -v\b|--volumes)/,
  ],
  [DESTROYS, /^kubectl .*\bdelete (ns|namespaces?|pvc?|persistentvolume\w*|crds?)\b/],
  [DESTROYS, /^rm -\w*[rf]\w* (\/|~|\/\*|\/(home|root|etc|var|usr|srv|opt)\/?|\$HOME)( |$)/],
  [DESTROYS, /\bDROP (DATABASE|SCHEMA|OWNED)\b|\bFLUSHALL\b|\bdropDatabase\b/i],
]

/** Programs that are a prompt where nothing is given to perform. */
const prompts: readonly (readonly [RegExp, RegExp])[] = [
  [/^psql\b/, / (-\w*[clf]|-V|--(command|list|file|version)(=|\b))/],
  [/^(mysql|mariadb)\b/, / (-\w*e|--(execute|version)|-V)/],
  [/^(mongo|mongosh)\b/, /--eval|\.js\b|--version/],
  [/^redis-cli\b/, /^redis-cli( -[hpanu] \S+| --\S+)* [a-zA-Z]|--(scan|bigkeys|version)/],
  [/^sqlite3\b/, /^sqlite3 (-\S+ )*\S+ ["'\w.]|--version/],
  [/^(node|python\d?\S*|irb|ruby|lua|ghci|iex|bc)$/, /$^/],
  [/^(ba|z|da|k|fi)?sh( -[li]+)*$/, /$^/],
]
