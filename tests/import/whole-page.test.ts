import { describe, expect, test } from 'vitest'
import { draftBook } from '../../runbook/import/draft-book.ts'
import { writeImported } from '../../runbook/import/write-book.ts'

/** The book of a page, and its parts: `deploy`, and the procedures by name. */
const bookOf = (page: string) => {
  const draft = draftBook(page)
  const text = writeImported(draft, 'page.md')
  const deploy = /^ {2}deploy: \(\) => \[\n([\s\S]*?)^ {2}\],/m.exec(text)![1]!
  const parts = Object.fromEntries(
    [...text.matchAll(/^ {4}'?([\w-]+)'?: \(\) => \[\n([\s\S]*?)^ {4}\],/gm)].map(([, name, body]) => [
      name!,
      body!,
    ]),
  )
  const blocks = [...text.matchAll(/^ *block: (?:'(.*)'|`([\s\S]*?)`),$/gm)].map(
    ([, one, many]) => one ?? many!,
  )
  return { draft, text, deploy, parts, performed: blocks.join('\n') }
}
const sh = (code: string) => `\`\`\`bash\n${code}\n\`\`\`\n`

describe('what brings something back is no step of the deployment, whatever its heading:', () => {
  test.each([
    ['## After that\n', 'pg_restore -d shop /var/backups/shop.dump'],
    ['## After that\n', 'gunzip -c /backups/shop.sql.gz | psql -U shop shop'],
    ['## After that\n', 'zcat nightly.sql.gz | docker exec -i shop-db psql -U shop'],
    ['## After that\n', 'mysql shop < /var/dumps/yesterday-dump.sql'],
    ['## After that\n', 'mongorestore --drop /var/dumps/shop'],
    ['## After that\n', './scripts/restore.sh 2024-02-03'],
    ['## After that\n', 'npm run db:restore'],
    ['## After that\n', 'make restore-db'],
    ['## After that\n', 'python3 tools/load_snapshot.py'],
    ['## After that\n', 'restic -r /srv/repo restore latest --target /'],
    ['## After that\n', 'cp -r /var/backups/shop/latest /srv/shop'],
    ['## After that\n', 'helm rollback shop 3'],
    ['## After that\n', 'kubectl -n shop rollout undo deploy/shop'],
    ['## After that\n', 'git reset --hard HEAD~1'],
    ['## After that\n', 'npx knex migrate:rollback'],
    ['## After that\n', 'php artisan migrate:rollback --step=1'],
    ['## Getting yesterday’s data back\n', './bin/give-me-old 1'],
    ['## Recovering from a disaster\n', './bin/give-me-old 1'],
    ['## Wiederherstellung\n', './bin/give-me-old 1'],
    ['## 回滚\n', './bin/give-me-old 1'],
    [
      '## Deploy\n\nIf the release misbehaves, restore the database from the dump:\n\n',
      './bin/give-me-old 1',
    ],
    ['## Deploy\n\nTo roll it back:\n\n', './bin/give-me-old 1'],
  ])('%s%s', (above, command) => {
    const { deploy, performed, text } = bookOf(`# Shop\n\n## Deploy\n${sh('npm ci')}\n${above}${sh(command)}`)
    expect(deploy).toContain('installDependencies(')
    expect(deploy).not.toContain(command)
    expect(text).toContain(command.replaceAll("'", "\\'"))
    if (!/回滚/.test(above)) expect(performed).not.toContain(command)
  })

  test('what only sounds like it is', () => {
    const { deploy } = bookOf(
      `# Shop\n\n## Deploy\n${sh('dotnet restore')}${sh('cp -r /srv/shop "/var/backups/shop-$(date +%F)"')}${sh('git reset --hard origin/main')}${sh('chmod +x deploy.sh rollback.sh')}`,
    )
    for (const command of ['dotnet restore', 'cp -r /srv/shop', 'git reset --hard origin/main', 'chmod +x'])
      expect(deploy).toContain(command)
  })
})

describe('what waits for somebody, does not end, or is typed elsewhere is no block of any step:', () => {
  test.each([
    'docker compose logs --follow web',
    'docker-compose -f prod.yml logs -f --tail=100 web',
    'docker logs -tf web',
    'kubectl logs deploy/shop -n shop -f',
    'kubectl -n shop get pods -w',
    'kubectl get pods --watch',
    'kubectl exec -it deploy/shop -- sh',
    'kubectl port-forward svc/shop 8080:80',
    'kubectl edit configmap shop',
    'docker exec -ti web bash',
    'docker exec -it db psql -U shop',
    'docker compose exec db psql -U shop',
    'docker compose exec web sh',
    'docker run -it --rm node:20 bash',
    'docker compose up',
    'docker attach web',
    'sudo docker compose logs -f web',
    'sudo journalctl -u shop -f',
    'tail -n 100 -f /var/log/shop.log | grep -i error',
    'cd /srv/shop && tail -f out.log',
    'heroku logs --tail',
    'heroku run bash',
    'fly ssh console',
    'sudo -u postgres psql -c "select 1"',
    'sudo su - deploy',
    'su - postgres -c "createdb shop"',
    'sudo -i',
    'ssh -i key.pem ubuntu@db.example.net "systemctl restart postgresql"',
    'scp dist.tar.gz deploy@web.example.net:/srv/shop/',
    'rsync -az dist/ deploy@web.example.net:/srv/shop/',
    'mysql -u root -p',
    'redis-cli',
    'python manage.py shell',
    'rails console',
    'npm start',
    'node server.js',
    'python3 -m http.server',
    'vim /etc/nginx/nginx.conf',
    'sudo nano .env',
    'crontab -e',
    'watch -n 5 kubectl get pods',
    'while true; do curl -s http://a.example/health; docker logs -f web; done',
    'certbot --nginx -d shop.example.net',
    'sudo apt install nginx',
    'docker compose down -v',
    'sudo reboot',
    'bash -c "docker exec -it web sh"',
  ])('%s', (command) => {
    const { performed, text } = bookOf(`# Shop\n\n## Deploy\n${sh('npm ci')}\n${sh(command)}`)
    expect(performed).toBe('')
    expect(text).toMatch(/REVIEW: .*make steps of it/)
    expect(text.replaceAll('\\', '')).toContain(command)
  })

  test.each([
    'docker compose -f docker-compose.prod.yml up -d',
    'docker compose exec -T web npm run migrate',
    'docker exec web npm run migrate',
    'docker run --rm shop npm test',
    'docker compose logs --tail 50 web',
    'docker logs --tail 100 web',
    'kubectl apply -f k8s/',
    'kubectl rollout status deployment/shop',
    'kubectl get pods -o wide',
    'kubectl logs deploy/shop --tail=50',
    'sudo systemctl restart nginx',
    'sudo apt-get install -y nginx',
    'python manage.py migrate --noinput',
    'curl -fsSL https://get.example.com -o get.sh',
    'node scripts/seed.js',
    'tail -n 50 /var/log/shop.log',
    'helm upgrade --install shop ./chart -f values.yaml',
    'mysql -u root shop -e "select 1"',
    'test -f .env && rm -rf tmp',
  ])('but this runs to its end: %s', (command) => {
    expect(bookOf(`# Shop\n\n## Deploy\n${sh('npm ci')}\n${sh(command)}`).performed).toBe(command)
  })
})

describe('another host, another account:', () => {
  test('the steps are performed where the page signs in to', () => {
    const { text, deploy, performed } = bookOf(
      `# Shop\n\n## 1. Sign in\n${sh('ssh -p 2222 deploy@web.example.net')}\n## 2. Deploy\n${sh('cd /srv/shop\ngit pull\nnpm ci\n./bin/warm-up')}`,
    )
    expect(text).toMatch(/host: 'deploy@web\.example\.net', \/\/ REVIEW: /)
    expect(text).toContain("app: { dir: '/srv/shop' }")
    expect(deploy).toContain('pullCode()')
    expect(performed).toBe('./bin/warm-up')
  })

  test('what is typed before that, behind `exit`, on a second host or as another user is for a person', () => {
    const { performed, deploy } = bookOf(
      [
        '# Shop\n\n## Deploy\n',
        sh('./bin/on-my-laptop'),
        sh('ssh deploy@web.example.net\n./bin/there\nexit\n./bin/on-my-laptop-again'),
        sh('ssh deploy@web.example.net\n./bin/there-again'),
        sh('sudo su - shop\n./bin/as-shop'),
        sh('./bin/still-as-shop\nexit'),
        sh('./bin/there-once-more'),
        sh('ssh root@db.example.net\n./bin/on-the-database'),
      ].join('\n'),
    )
    expect(performed.split('\n')).toEqual(['./bin/there', './bin/there-again', './bin/there-once-more'])
    for (const name of ['on-my-laptop', 'on-my-laptop-again', 'as-shop', 'still-as-shop', 'on-the-database'])
      expect(deploy).toContain(`./bin/${name}`)
  })

  test.each([
    ['ssh root@<server-ip>', 'root@server-ip.invalid'],
    ['ssh root@your-server', 'root@your-server.invalid'],
    ['ssh $DEPLOY_USER@$HOST', 'DEPLOY_USER@HOST.invalid'],
  ])('%s leads to no host that happens to be called like that', (command, host) => {
    const { text, performed } = bookOf(`# Shop\n\n## Deploy\n${sh(`${command}\n./bin/there`)}`)
    expect(text).toContain(`host: '${host}'`)
    expect(performed).toBe('./bin/there')
  })

  test('a block for another machine, given to ssh whole', () => {
    const { performed, text } = bookOf(
      `# Shop\n\n## Deploy\n${sh('npm run build:prod')}\n${sh("ssh deploy@web.example.net <<'EOF'\ncd /srv/shop\nrm -rf cache\nEOF")}`,
    )
    expect(performed).toBe('')
    expect(text).toContain('rm -rf cache\nEOF')
  })

  test('a sentence that tells to sign in is as good as a block', () => {
    const { text, performed } = bookOf(
      `# Shop\n\n## Deploy\n\n1. Sign in with \`ssh deploy@web.example.net\`.\n\n${sh('./bin/there')}\n## Troubleshooting\n\nSee \`ssh root@db.example.net\`.\n`,
    )
    expect(text).toContain("host: 'deploy@web.example.net', // REVIEW")
    expect(performed).toBe('./bin/there')
  })

  test('a page that does not say which server leaves that for review', () => {
    const { text } = bookOf(`# Shop\n\n## Deploy\n${sh('# SSH into the server\nnpm ci')}`)
    expect(text).toMatch(/REVIEW: the page signs in to a server; .*host: 'user@server'/)
  })

  test('a block that goes on where the one above ended', () => {
    const { performed, text } = bookOf(
      `# Shop\n\n## Deploy\n${sh('cd /srv/shop\nmake a')}${sh('cd /etc/nginx\nls')}${sh('rm sites-enabled/default')}\n## Build\n${sh('cd web\nmake b')}${sh('make c')}`,
    )
    expect(performed).toBe('make a\nmake b\nmake c')
    expect(text).toMatch(/REVIEW: the block above ends in web.*\n.*\n.*shell\(\{\n.*\n.*\n\s*block: 'make c'/)
  })

  test('a folder that is not the application’s', () => {
    const { performed, deploy } = bookOf(
      `# Shop\n\n## Deploy\n${sh('cd /srv/shop/backend/..\nmake thing')}${sh('cd /srv/shop/backend\nnpm ci')}${sh('cd /etc/nginx\nrm sites-enabled/default')}${sh('cd a/b\ncd ..\nmake other')}`,
    )
    expect(performed).toContain('make thing')
    expect(performed).not.toContain('sites-enabled')
    expect(deploy).toContain("block: 'make other',\n        in: 'a',")
  })
})

describe('of several ways only the first is performed:', () => {
  const ways = (first: string, second: string, third = '') =>
    [first, second, third]
      .map((heading, i) => heading && `### ${heading}\n${sh(`./bin/way-${i + 1}`)}`)
      .join('\n')

  test.each([
    ['Option A: git', 'Option B: an archive', 'Option C: rsync'],
    ['Method 1', 'Method 2', 'Method 3'],
    ['Docker', 'Kubernetes', 'PM2'],
    ['Deploy with Docker Compose', 'Deploy with PM2', 'Deploy on a VPS'],
    ['Docker Deployment', 'Kubernetes Deployment', ''],
    ['1) One-command deployment', '2) Manual deployment flow', ''],
    ['Staging', 'Production', ''],
    ['With git', 'Alternative: by hand', ''],
  ])('%s, %s, %s', (...headings) => {
    const { deploy, parts, performed } = bookOf(`# Shop\n\n## Deploy\n${ways(...headings)}`)
    expect(deploy).toContain('./bin/way-1')
    expect(deploy).not.toMatch(/way-[23]/)
    expect(performed).toBe('./bin/way-1')
    expect(Object.values(parts).filter((part) => /way-[123]/.test(part))).toHaveLength(
      headings.filter(Boolean).length - 1,
    )
  })

  test('or the one that is recommended', () => {
    const { deploy } = bookOf(
      `# Shop\n\n## Deploy\n${ways('Option 1: by hand', 'Option 2: the script (recommended)')}`,
    )
    expect(deploy).toContain('./bin/way-2')
    expect(deploy).not.toContain('./bin/way-1')
  })

  test('and the book says that there are others', () => {
    const { deploy } = bookOf(`# Shop\n\n## Deploy\n${ways('Option A: git', 'Option B: an archive')}`)
    expect(deploy).toContain('REVIEW: the page has other ways: Option B: an archive')
  })

  test('of a way back, too', () => {
    const { parts } = bookOf(
      `# Shop\n\n## Deploy\n${sh('npm ci')}\n## Rolling back\n${ways('Way A', 'Way B')}`,
    )
    expect(parts['take-back']).toContain('./bin/way-1')
    expect(parts['take-back']).not.toContain('./bin/way-2')
  })

  test.each([
    ['in a block', sh('./bin/way-1\n# or\n./bin/way-2')],
    [
      'by other options of one script',
      sh('./bin/way-1\n# Skip the build\n./bin/way-1 --skip-build ./bin/way-2'),
    ],
    ['by a sentence', `${sh('./bin/way-1')}\nOr, without a build:\n\n${sh('./bin/way-2')}`],
    ['by comments', sh('# Deploy with the newest\n./bin/way-1\n# Deploy with a version\n./bin/way-2')],
    [
      'in a list',
      `- Option A:\n\n  ${sh('./bin/way-1').replaceAll('\n', '\n  ')}\n- Option B:\n\n  ${sh('./bin/way-2').replaceAll('\n', '\n  ')}`,
    ],
    ['by words in bold', `**Option A**\n\n${sh('./bin/way-1')}\n**Option B**\n\n${sh('./bin/way-2')}`],
  ])('%s', (_, page) => {
    const { performed, text } = bookOf(`# Shop\n\n## Deploy\n\n${page}`)
    expect(performed).toContain('./bin/way-1')
    expect(performed).not.toContain('./bin/way-2')
    expect(text).toContain('./bin/way-2')
  })
})

describe('what is looked after on other days, or only where something is wrong:', () => {
  test.each([
    'Look after it',
    'Day two',
    'Maintenance',
    'Operations',
    '9) Operations',
    'Options',
    'Useful commands',
    'Monitoring',
    'Logs',
    'Scaling',
    'Troubleshooting',
    'When it goes wrong',
    'Common problems',
    'FAQ',
    'Backups',
    'Security',
    'Uninstall',
    'Peek inside',
    'Odds and ends',
  ])('%s', (heading) => {
    const { deploy, performed, text } = bookOf(
      `# Shop\n\n## Ship a release\n${sh('npm ci')}\n## ${heading}\n### One thing\n${sh('./bin/other')}\n### Another\n${sh('pm2 restart shop')}`,
    )
    expect(deploy).not.toMatch(/other|pm2Restart/)
    expect(performed).toBe('')
    expect(text).toContain('./bin/other')
    expect(text).toContain("text: 'pm2 restart shop'")
  })

  test('each trouble is a procedure of its own', () => {
    const { parts } = bookOf(
      `# Shop\n\n## Deploy\n${sh('npm ci')}\n## Troubleshooting\n### It does not start\n${sh('pm2 delete shop')}\n### The disk is full\n${sh('rm -rf /var/log/shop')}`,
    )
    expect(Object.keys(parts)).toEqual(['it-does-not-start', 'the-disk-is-full'])
  })

  test('sections of a page whose sections are its first headings', () => {
    const { deploy, parts } = bookOf(
      `# Deploy\n${sh('npm ci')}\n# Rollback\n${sh('./bin/back')}\n# Restore\n${sh('./bin/old')}`,
    )
    expect(deploy).not.toMatch(/bin/)
    expect(Object.keys(parts)).toEqual(['take-back', 'restore-part'])
  })

  test('a page that has nothing else has a deployment to be written', () => {
    const { deploy, parts } = bookOf(
      `# Rollback runbook\n\n## Steps\n${sh('kubectl rollout undo deployment/shop')}`,
    )
    expect(deploy).toMatch(/REVIEW: write the deployment here.*\n\s*manual\(/)
    expect(parts['take-back']).toContain('rollout undo')
  })
})

describe('no word of a page is lost:', () => {
  test.each<[string, string]>([
    ['a text that a command reads', sh('cat <<EOF > .env\nPORT=3000\n# not a comment\nEOF\nnpm ci')],
    ['two of them', sh('sudo tee a <<A && tee b <<-B\none\nA\n\ttwo\n\tB\nnpm ci')],
    [
      'indented, in a list',
      `1. Write it:\n\n   \`\`\`bash\n   cat > f <<'EOF'\n     deep\n   EOF\n   \`\`\`\n2. Go on`,
    ],
    ['comments everywhere', sh('# first\n\n# second\nnpm ci # behind\n# between\nmake a # b\n\n# last')],
    ['lines that go on', sh('docker run -d \\\n  --name shop \\\n  -e A=b \\\n  shop:1')],
    ['comments of settings', sh('# for node\nexport NODE_ENV=production # always\nexport PORT=3000')],
    ['what is computed', sh('export STAMP=$(date +%F)\nexport OUT=$HOME/out')],
    ['a setting that is another later', sh('export MODE=one\nexport MODE=other')],
    ['nested lists', '- one\n  - two\n    - three `code`\n      and more\n- four'],
    ['nested tasks', '- [ ] one\n  - [ ] two\n  - three\n- [x] four'],
    ['tasks beside items', '- [ ] one\n- two\n- [x] three'],
    [
      'a list with code, a table and a quote in it',
      `- **one**\n\n  ${sh('make a').replaceAll('\n', '\n  ')}\n  | x | y |\n  |---|---|\n  | 1 | 2 |\n\n  > quoted\n\n  after\n- # heading in an item\n\n  ${sh('make b').replaceAll('\n', '\n  ')}`,
    ],
    ['tables', '| Name | Value |\n|:--|--:|\n| `a` \\| b | **c** |\n| <br>x | [y](z) |'],
    [
      'HTML',
      '<details>\n<summary>More</summary>\n\n```bash\nmake more\n```\n\n</details>\n\n<!-- a\nremark -->\n\n<pre><code>make pre</code></pre>',
    ],
    [
      'quoted blocks',
      '> **Note**\n>\n> ```bash\n> make quoted\n> ```\n>\n> - [ ] quoted task\n>\n> > deeper',
    ],
    ['tabs', `\tmake indented\n\n- a\n\tb\n\n${sh('if true; then\n\tmake tabbed\t# x\nfi')}`],
    ['underlined headings', 'Part one\n--------\n\ntext\n\nPart two\n========'],
    [
      'links, images, footnotes',
      '[a]: http://a.example "title"\n\n![img](x.png) [t][a] text[^1]\n\n[^1]: the note',
    ],
    ['a fence that is not closed', '```bash\nmake open\n# and on'],
    ['tildes, four backticks', '~~~sh\nmake tilde\n~~~\n\n````md\n```bash\nmake inner\n```\n````'],
    [
      'what a terminal shows',
      '```console\n$ make a\nok: 3 done\n$ cat <<X\n> typed\nX\nuser@web:~$ make b\n```',
    ],
    [
      'an answer below a command',
      sh('curl -s http://a.example/health\n{\n  "status": "ok",\n  "n": 3\n}\nmake after'),
    ],
    ['blocks without a language', '```\nnpm run thing\n```\n\n```\nListening on 3000\n```'],
    ['windows lines', '## A\r\n\r\n```bash\r\nmake crlf\r\n```\r\n'],
    ['front matter', '---\ntitle: x\n---\n\ntext'],
    [
      'other languages',
      '```nginx\nserver { listen 80; }\n```\n\n```powershell\nGet-Item x\n```\n\n```diff\n- a\n+ b\n```',
    ],
    [
      'emoji and other scripts',
      '### 🚀 Los geht’s — Überprüfung\n\n- [ ] 确认\n\n```bash\necho "готово ✓"\n```',
    ],
    ['math, directives, shortcodes', ':::warning\nCareful\n:::\n\n{{< hint >}}\nx\n{{< /hint >}}\n\n$$a^2$$'],
    ['loops and functions', sh('for f in a b; do\n  echo "$f" # each\ndone\ng() { echo g; }\ng')],
    ['what is typed into psql', sh('psql shop\nSELECT 1;\n\\q')],
    ['a path to fill in', sh('git checkout <commit-hash>\ncp [source] {target}')],
    ['one line with much', sh('cd a && make b; make c || make d & make e')],
  ])('%s', (_, body) => {
    const page = `# Shop\n\n## Deploy\n\n${sh('npm ci')}\n${body}\n`
    const { draft, text } = bookOf(page)
    const bare = (line: string) =>
      line
        .replace(/^[\s>]*((#+|\/\/|[-*+>]|\d+[.)])\s+)*(\[[ x]\])?/g, '')
        .replace(/\*\*(.+?)\*\*/g, '$1')
        .replace(/[\s\\'"`>]+/g, '')
    const all = [text, ...draft.files.values()]
      .join('\n')
      .replaceAll('\\t', '\t')
      .split('\n')
      .map(bare)
      .join('')
    const lost = page
      .split(/\r?\n/)
      .filter((line) => !/^[\s>]*(```+.*|~~~.*|---+|===+|\|[-:|]+\|)$/.test(line))
      .map((line) => line.replace(/^\s*(npm ci|curl .*|cd a && )/, '').replace(/^(user@web:~)?\$ /, ''))
      .flatMap((line) => (/^export \w+=\w/.test(line) ? line.split(/^export |[= ]|# /) : [line]))
      .map(bare)
      .filter((line) => line && !all.includes(line))
    expect(lost).toEqual([])
  })

  test('every block of it is accounted for, in its order', () => {
    const { draft } = bookOf('# A\n\ntext\n\n- [ ] b\n- c\n\n```sh\nnpm ci\n```\n\n| d |\n|---|\n\n## E\n')
    expect(draft.account.map(({ line, block }) => `${line} ${block}`)).toEqual([
      '1 heading “A”',
      '3 paragraph',
      '5 checklist, 1 item',
      '6 item',
      '8 block of sh',
      '12 table',
      '15 heading “E”',
    ])
  })
})
