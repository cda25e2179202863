import { oneLine } from './text.ts'

/**
 * What reads a feed, by what it says of itself: its name without versions. `hosted`: it fetches for others, `readers` of
 * them, and tells one of its copies of the feed from another by `id`.
 */
export type Program = { name: string; hosted?: { id: string; readers: number } }

const MOST_READERS = 10_000_000 // more than that nobody fetches for, whatever they say
const MOST_OF_STRANGERS = 1000 // what a service that we do not know is believed
const LONGEST_NAME = 40

const READERS: [RegExp, string][] = [
  [/feedly/i, 'Feedly'], [/inoreader/i, 'Inoreader'], [/newsblur/i, 'NewsBlur'], [/feedbin/i, 'Feedbin'], [/theoldreader|the old reader/i, 'The Old Reader'],
  [/bazqux/i, 'BazQux Reader'], [/netvibes/i, 'Netvibes'], [/feed ?wrangler/i, 'Feed Wrangler'], [/feedhq/i, 'FeedHQ'], [/feedspot/i, 'Feedspot'],
  [/bloglovin/i, 'Bloglovin'], [/g2reader/i, 'G2Reader'], [/commafeed/i, 'CommaFeed'], [/miniflux/i, 'Miniflux'], [/freshrss/i, 'FreshRSS'],
  [/tiny tiny rss|tt-?rss/i, 'Tiny Tiny RSS'], [/nextcloud[- ]news/i, 'Nextcloud News'], [/betterbird/i, 'Betterbird'], [/thunderbird/i, 'Thunderbird'],
  [/netnewswire/i, 'NetNewsWire'], [/liferea/i, 'Liferea'], [/vienna/i, 'Vienna'], [/akregator/i, 'Akregator'], [/quiterss/i, 'QuiteRSS'],
  [/rss ?guard/i, 'RSS Guard'], [/rssowl/i, 'RSSOwl'], [/rss ?bandit/i, 'RSS Bandit'], [/feeddemon/i, 'FeedDemon'], [/fluent[- ]reader/i, 'Fluent Reader'],
  [/raven ?reader/i, 'Raven Reader'], [/newsflash/i, 'NewsFlash'], [/readkit/i, 'ReadKit'], [/reeder/i, 'Reeder'], [/newsboat/i, 'newsboat'],
  [/ms-?office|outlook/i, 'Outlook'], [/evolution/i, 'Evolution'], [/postbox/i, 'Postbox'],
] // biome-ignore format: one list

const BOT =
  /bots?(?![a-z])|crawl|spider|slurp|scrap(?:er|y)|archiver|externalhit|facebookcatalog|preview|unfurl|embed(?:ly|ded)|linkexpanding|whatsapp|iframely|vkshare|monitor|uptime|statuscake|pingdom|site24x7|pinger|synthetics|probe|health-?check|googlehc|nagios|check_http|zabbix|blackbox|updown\.io|hetrix|validator|lighthouse|headless|feedfetcher-google;|google-|mediapartners|censys|zgrab|masscan|nmap|nikto/i
const BROWSER = /^(?:mozilla|opera|lynx|w3m|links|elinks|dillo|netsurf)\b/i
const FEED_WORD = /rss|atom\b|feed|news ?reader|aggregator/i

/** The program behind a User-Agent; undefined for what reads for nobody: none, bots, previews, monitoring, browsers. */
export function programOf(agent: string): Program | undefined {
  const count = /(\d{1,15})[ +]*subscribers?\b/i.exec(agent)
  if (count) {
    const id = /feed-?id[:= ]+([\w-]{1,60})/i.exec(agent)?.[1] ?? ''
    const most = knownName(agent) ? MOST_READERS : MOST_OF_STRANGERS
    return { name: nameOf(agent), hosted: { id, readers: Math.min(Number(count[1]), most) } }
  }
  if (!agent.trim() || BOT.test(agent)) return undefined
  if (BROWSER.test(agent) && !knownName(agent) && !FEED_WORD.test(agent)) return undefined
  return { name: nameOf(agent) }
}

function knownName(agent: string): string | undefined {
  return READERS.find(([pattern]) => pattern.test(agent))?.[1]
}

/** `newsboat` of `newsboat/2.21.0 (Linux x86_64)`; never an address that somebody put there. */
function nameOf(agent: string): string {
  const known = knownName(agent)
  if (known) return known
  const own = /\(compatible; *([^;)]+)/i.exec(agent)?.[1] ?? agent
  const name = oneLine(own.replace(/(?: - |[/(;,+]| v?\d+\.).*$/s, '').replace(/\bfeed-?id\b.*$/is, '')).slice(
    0,
    LONGEST_NAME,
  )
  return name && !/@|\d{3,}/.test(name) ? name : 'unnamed'
}
