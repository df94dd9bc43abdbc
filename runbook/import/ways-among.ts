import { plainHeading } from './kind-of-heading.ts'
import type { Heading } from './part-of.ts'

/** Of a page that tells several ways: which heading is another way than the first, or than the one it recommends. */
export interface Ways {
  /** The other ways, and why each is one. */
  readonly others: ReadonlyMap<Heading, string>
  /** Of the way that is taken, the other ones. */
  readonly beside: ReadonlyMap<Heading, readonly Heading[]>
}

/** Finds the ways among the headings that stand beside each other. */
export const waysAmong = (headings: readonly Heading[]): Ways => {
  const others = new Map<Heading, string>()
  const beside = new Map<Heading, readonly Heading[]>()
  const families = new Map<Heading | undefined, Heading[]>()
  for (const heading of headings)
    families.set(heading.above, [...(families.get(heading.above) ?? []), heading])
  for (const family of families.values())
    for (const { because, isWay, nameOf } of FAMILIES) {
      const ways = family.filter((heading) => isWay(plainHeading(heading.block.title), heading))
      const known = new Set(ways.map(({ block: { title } }) => nameOf(plainHeading(title))))
      if (ways.length < 2 || known.size < 2) {
        for (const way of ways) if (LATER.test(plainHeading(way.block.title))) others.set(way, because)
        continue
      }
      const named = (pattern: RegExp) => ways.find(({ block: { title } }) => pattern.test(title))
      const first = named(/recommend|preferred|default/i) ?? ways[0]
      for (const way of ways) if (way !== first) others.set(way, because)
      beside.set(
        first!,
        ways.filter((way) => way !== first),
      )
    }
  return { others, beside }
}

const NUMBER = '([a-z]|\\d+|[ivx]+|one|two|three|four|first|second|third)'
const OPTION = new RegExp(
  `^(option|method|alternative|variant|approach|way|path|route|choice|strategy|possibility)[\\s#:-]+${NUMBER}\\b`,
  'i',
)
/** Without a first one beside it. */
const LATER =
  /^(option|method|alternative|variant|approach|way|path|route|choice|strategy)[\s#:-]+([b-z]|[2-9]|ii+|iv|two|three|four|second|third)\b/i
const PLATFORMS =
  'docker[ -]compose|docker swarm|docker|kubernetes|k8s|helm|podman|pm2|systemd|heroku|vercel|netlify|railway|render|fly\\.io|aws[\\w ]*|ec2|ecs|eks|gcp|google cloud[\\w ]*|cloud run|azure[\\w ]*|digital ?ocean[\\w ]*|app platform|droplet|bare[ -]metal|vps|traditional server|virtual machine|manual|automated|automatic|one[- ]command|scripted|terraform|ansible|kamal|coolify|dokku|cpanel|cloudflare[\\w ]*'
const VERBS = '(deploy(ing|ment)?|install(ing|ation)?|run(ning)?|start(ing)?|host(ing)?)'
const PLATFORM = new RegExp(
  `^(${VERBS} (it |the \\w+ )?(to|on|with|using|via|by|in|through) (an? |the )?(${PLATFORMS})( server)?|((to|on|with|using|via|by) )?(an? |the )?(${PLATFORMS})( server)? (deploy(ment|ing)?|method|way|approach)( flow| process| steps)?|(with|using|via) (an? |the )?(${PLATFORMS}))( \\(.*\\))?$`,
  'i',
)
/** By its name alone, where what it stands under speaks of several. */
const BARE = new RegExp(`^(${PLATFORMS})( server)?( \\(.*\\))?$`, 'i')
const OF_SEVERAL = /\b(options?|methods?|ways?|choose|choice|alternatives?|deploy\w*)\b/i
const ENVIRONMENTS = 'production|prod|staging|stage|development|dev|local|qa|uat|test|preview|demo'
const ENVIRONMENT = new RegExp(
  `^((deploy(ing|ment)?|releas(e|ing)|setup|roll(ing)?[ -]?out) )?((to|on|in|for) )?(the )?(${ENVIRONMENTS})( (environment|server|deploy(ment)?|release|setup|rollout|steps))?( \\(.*\\))?$`,
  'i',
)

interface Family {
  readonly because: string
  isWay(text: string, heading: Heading): boolean
  /** What tells one way from another. */
  nameOf(text: string): string
}
const FAMILIES: readonly Family[] = [
  {
    because: 'another way than the first: see `either`',
    isWay: (text) => OPTION.test(text),
    nameOf: (text) => OPTION.exec(text)![2]!.toLowerCase(),
  },
  {
    because: 'another way than the first: see `either`',
    isWay: (text, { above }) =>
      PLATFORM.test(text) || (BARE.test(text) && OF_SEVERAL.test(above?.block.title ?? '')),
    nameOf: (text) => text.toLowerCase(),
  },
  {
    because: 'the same again, for one environment',
    isWay: (text) => ENVIRONMENT.test(text),
    nameOf: (text) => text.toLowerCase(),
  },
]
