/** What a heading says of what stands below it. */
export type HeadingKind =
  | 'back'
  | 'restore'
  | 'trouble'
  | 'again'
  | 'other-way'
  | 'local'
  | 'once'
  | 'beside'
  | 'main'

/** Without numbers, emoji and “Step 2:” before it. */
export const plainHeading = (heading: string): string =>
  heading
    .replace(/\{#[\w-]+\}\s*$/, '')
    .replace(/^[^\p{L}\p{N}]+/u, '')
    .replace(/^(step|phase|part|section|stage|schritt|étape|paso)?\s*\d+(\.\d+)*\s*[.):\-–—]?\s+/i, '')
    .trim()

/** “Step 2: …”, “3. …”: one after the other. */
export const isNumbered = (heading: string): boolean =>
  /^[^\p{L}\p{N}]*((step|phase|part|stage)\s*)?\d+/iu.test(heading)

const table: readonly (readonly [HeadingKind, RegExp, RegExp?])[] = [
  ['beside', /\bquick (reference|commands|summary)|cheat ?sheet|\bat a glance\b/i],
  [
    'back',
    /roll(ed|ing)?[\s-]?backs?\b|\brevert|\bundo(ing)?\b|\bback(ing)? out\b|\btak(e|ing) .*\bback\b|\bgo(ing)? back\b|\bdowngrad|回滚|回退|откат|zurückrollen|zurücksetzen|retour arrière|revertir|reverter|ロールバック/i,
    /deploy\w* (and|&) roll|rollback plan$/i,
  ],
  [
    'restore',
    /\brestor(e|es|ed|ing|ation)\b|\brecover(y|ing)?\b|\b(bring|get|put)(ing|ting)? .*\bback\b|\bfrom (a |an |the )?(\w+ )?(back-?up|dump|snapshot)|\bdisaster\b|point[- ]in[- ]time|\bpitr\b|\b(load|import|replay)(ing)? .*(dump|back-?up|snapshot)|恢复|还原|восстанов|wiederherstell|restaur|復元|リストア/i,
    /\b(packages|dependencies|nuget|tools)\b|\bbackup (first|before)/i,
  ],
  [
    'trouble',
    /troubleshoot|trouble shooting|^(issue|error|problem|symptom)\b.*:|\bfaqs?\b|common (issues?|problems?|errors?|pitfalls?|mistakes)|known (issues|problems|limitations)|\bproblems?\b|\b(if|when|should|in case)\b.*\b(fails?|goes|go|went|break|breaks|broke|broken|wrong|down|stuck|crash\w*|errors?|does ?n.t|does not|is ?n.t|is not|will not|won.t|can.?t|cannot|refuse\w*|missing)\b|\b(won.t|doesn.t|does not|will not|cannot|can.t)\b|\bwent wrong|goes wrong|\bdebug|\bdiagnos|\bincidents?\b|\bemergenc|\bsymptoms?\b|connection (error|refused|failed)|permission denied|out of (memory|disk)|\bnot (working|starting|found|responding)\b|故障|排查|排错|常见问题|устранение|неполадк|fehlerbehebung|fehlersuche|dépannage|solución de problemas|solução de problemas|トラブル/i,
  ],
  [
    'again',
    /environment-specific|(per|by)[- ]environment|quick (fix|start|deploy|guide)|quickstart|copy-paste|all in one|tl;?dr|in short|for (experienced|the impatient)/i,
  ],
  [
    'other-way',
    /\bfallback\b|^(or|alternatively)\b|\balternatives?\b|\(alternative\)|^plan b\b|\binstead of\b/i,
  ],
  [
    'local',
    /\blocal(ly|host)?\b|\bon your (own )?(machine|laptop|computer|workstation)|\bfrom your (own )?(machine|laptop|computer|workstation)|\bdevelopment (setup|environment|server|workflow|mode)|^(for )?development$|^dev(elopment)? (setup|environment)|\bfor developers\b/i,
  ],
  [
    'once',
    /\bfirst[- ]time\b|\bone[- ]time\b|\bonly once\b|\bonce only\b|\bfresh (install\w*|server|machine|set-?up)\b|\bfrom scratch\b/i,
  ],
]
/** Done once too, where it is no step of a whole way. */
const INITIAL = /^initial\b.*\bset-?up\b|\bbootstrap/i

/** What stands beside a deployment: what is looked after on other days. */
const BESIDE =
  /\bmonitor|\bobservab|\bmaint(enance|ain)|\boperations?\b|\boperating\b|\bday[- ]?(2|two)\b|\blook(ing)? (after|inside|into)\b|\b(useful|common|handy|helpful|frequent\w*|other|more|working|management|admin\w*) (commands|tasks|operations|things)|\bcommands? (reference|summary|list)|\breference\b|\blogs?\b|\blogging\b|\bscal(e|es|ing)\b|\binspect|\bshells?\b|\badministrat|\b(server|process|user|database|container) management\b|\bhouse-?keeping|\broutine\b|\bcron\b|\bschedul|\balert|\bsecurity\b|\bhardening|\bperformance\b|\btuning\b|\boptimi[sz]|\buninstall|\btear(ing)? ?down|\bclean(ing)?[ -]?up\b|\bdecommission|\bremov(e|al|ing)\b|\bdestroy|\bdelet(e|ing)\b|\brotat|\brenewal\b|\btemplates?\b|\bcosts?\b|\bsupport\b|\bcontacts?\b|\bescalation|\bappendix\b|\bresources\b|\bglossary|\bnext steps\b|\bbest practices\b|监控|维护|日志|мониторинг|обслуживани|wartung|überwachung|surveillance|supervisión|mantenimiento/i
/** That, also as one of numbered sections. */
const SURELY_BESIDE =
  /^(\w+ )?(operations?|maintenance|day[- ]?(2|two).*)$|\b(operations?|maintenance) (and|&)|\b(and|&) (operations?|maintenance)$|\blook(ing)? after\b|\b(useful|common|handy|helpful) (commands|tasks|operations)|\buninstall|\bdecommission|\btear(ing)? ?down\b|\bhouse-?keeping|^(useful )?(options|flags|parameters|examples|usage)$|\b(update|deploy\w*|script|command[- ]line) (options|flags|parameters|examples)$/i
const BACKUPS = /\bback-?ups?\b|备份|резервн|sauvegarde|copias? de seguridad/i

/** A section that is a deployment. */
const MAIN =
  /\bdeploy|\bship(ping)?\b|\breleas(e|ing)\b|\broll(ing)?[ -]?out\b|\bpublish|\bgo(ing)?[ -]live\b|\bput .*\blive\b|\bupgrad|\bupdat(e|es|ing)\b|部署|发布|发版|升级|развертыв|деплой|bereitstell|déploie|desplieg|implanta|デプロイ/i
/** What belongs to one. */
const OF_DEPLOYMENT =
  /\bdeploy|\bship|\breleas|\broll[ -]?out|\bpublish|\bgo[ -]?live|\binstall|\bset(ting)?[ -]?up\b|\bupgrad|\bupdat|\bmigrat|\bbuild|\bcompil|\bstart|\bstop\b|\brestart|\breload|\bverif|\bvalidat|\bsmoke|\btest|\bcheck|\bpre-|\bpost-|\bprepar|\bprerequisit|\brequire|\bbefore\b|\bafter\b|\bfinal|\bprocedure\b|\bsteps?\b|\bphase\b|\benviron|\bconfig|\bvariables\b|\bsecrets?\b|\bcode\b|\bpull|\bpush|\bmerge|\btag\b|\bclone|\bdatabase|\bschema\b|\bnginx\b|\bssl\b|\btls\b|\bhttps\b|\bcertificat|\bdomain|\bdns\b|\bproxy\b|\bservice|\bprocess\b|\bannounc|\bnotif|\bcommunicat|\bconnect|\bsign in|\blog ?in|\bfirewall|\bserver\b|\bcache|\bassets?\b|\bdownload|\bcreate|\bbackend\b|\bfrontend\b|\brun\b|\bapplication\b/i

/** Ways to choose from are told apart below. */
const SEVERAL = /\bdeploy\w* options$/i
/** What a command may be given, each by itself. */
const LISTS = /^(\w+ )?(options|flags|parameters|examples)$/i

/** Whether a heading names something that deployments do. */
export const isOfDeployment = (heading: string): boolean => OF_DEPLOYMENT.test(plainHeading(heading))

/** Where on the page a heading stands. */
export interface Position {
  /** A section of the page. */
  readonly isTop: boolean
  /** Behind the section that is the deployment. */
  readonly afterMain: boolean
  /** Behind a section that tells the way back, or what to do where something is wrong: where most pages have ended. */
  readonly afterBack: boolean
}

/** Of one heading by itself; undefined: as what it stands under. */
export const kindOfHeading = (
  heading: string,
  { isTop, afterMain, afterBack }: Position,
): HeadingKind | undefined => {
  const text = plainHeading(heading)
  const isStep = isNumbered(heading) && !afterBack
  const found = table.find(([, pattern, unless]) => pattern.test(text) && !unless?.test(text))?.[0]
  if (found) return found
  if (INITIAL.test(text) && !isStep) return 'once'
  if (isTop && SURELY_BESIDE.test(text) && !SEVERAL.test(text)) return 'beside'
  if (!isTop) return LISTS.test(text) ? 'beside' : undefined
  if (BESIDE.test(text) && !isStep && !/\bpre-?deploy/i.test(text)) return 'beside'
  if (MAIN.test(text)) return 'main'
  if (isStep || !(afterMain || afterBack)) return undefined
  if (BACKUPS.test(text) || !OF_DEPLOYMENT.test(text)) return 'beside'
  return afterBack && !AT_ITS_END.test(text) ? 'beside' : undefined
}
/** What a page may have at its very end of its deployment. */
const AT_ITS_END = /\bverif|\bvalidat|\bsmoke|\btest|\bcheck|\bpost-|\bfinal|\bstep|\bphase/i
