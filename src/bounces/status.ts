/**
 * What a bounce says of a letter:
 * `hard` (no such mailbox, never again), `full` (the mailbox), `soft` (it failed for another reason), `policy` (our own
 * reputation: the reader can do nothing for it), `delayed` (still under way, or not the reader's doing), `complaint` (this is
 * spam), `leaving` (the reader's no).
 */
export type Kind = 'hard' | 'full' | 'soft' | 'policy' | 'delayed' | 'complaint' | 'leaving'

/** One reader's bounce. `status` is RFC 3463's; `address` is whom it is about, as the other side names it. */
export type Finding = { kind: Kind; status: string | null; words: string; address?: string }

const HARD = ['5.1.1', '5.1.2', '5.1.10', '5.2.1']
const FULL = ['5.2.2', '4.2.2']

/** Phrases of servers that do not say it in numbers; what may mean several things (mailbox unavailable) is none of them. */
const PHRASES: [RegExp, string][] = [
  [/over ?quota|mailbox (is )?(full|size limit|has exceeded)|quota exceeded|exceed(ed|s) (its |the |his )?(storage|quota|mailbox)|out of storage|insufficient (system )?storage|not enough (storage )?space|صندوق.{0,20}ممتلئ|kutusu dolu|kotas[ıi]/i, '5.2.2'],
  [/spamhaus|blocked using|block ?list|blacklist|poor reputation|reputation|spam content|considered spam|identified as spam|looks like spam|unsolicited|dmarc|\bspf\b|\bdkim\b|not authenticated|unauthenticated|policy (reasons?|violation)|access denied|banned|message (content )?rejected|\[TS\d\d\]|\[S\d{4}\]|rate limited/i, '5.7.1'],
  [/user (is )?unknown|unknown (user|recipient|mailbox|local part)|no such (user|mailbox|recipient|person|address)|(user|recipient|mailbox|address|account)[^.\n]{0,60} (does not|doesn['’]t|did not|not) (exist|found|have)|doesn['’]t have an? [\w.]+ account|(user|address|recipient|account) not found|couldn['’]t be found|invalid (recipient|mailbox|address)|no mailbox here|not our customer|bad destination mailbox|RecipNotFound|address not found|المستخدم غير موجود|kullan[ıi]c[ıi] bulunamad[ıi]/i, '5.1.1'],
  [/account (is |has been )?(disabled|suspended|inactive|deactivated|closed)|mailbox (is )?(disabled|inactive)|disabled mailbox|no longer (active|available|in use)/i, '5.2.1'],
  [/(domain|host)( name)? (not found|does not exist|is not found|lookup)|nxdomain|couldn['’]t find any host named/i, '5.1.2'],
] // biome-ignore format: one table

/**
 * What a failure is, from its number and the words beside it. The number in the words is the other server's own and counts for
 * more than one that a relay has put in front; a general one (5.0.0, 5.5.0) for less than a phrase.
 */
export function judged(given: string | null, diagnostic: string): { kind: Kind; status: string | null } {
  const own = statusIn(diagnostic)
  const status = own && !general(own) ? own : given && !general(given) ? given : (phrase(diagnostic) ?? own ?? given)
  return { kind: kindOf(status), status }
}

/** The first enhanced status in a text, of those that stand where servers put them: after the reply, or alone. */
function statusIn(text: string): string | null {
  const [, after] = /\b[45]\d\d[ \t#-]+(?:[a-z]+[ \t]*;[ \t]*)?#?([45]\.\d{1,3}\.\d{1,3})\b/i.exec(text) ?? []
  const [, alone] = /(?:^|[\s(#<[;:])([45]\.\d{1,3}\.\d{1,3})(?=$|[\s)>\];:,])/.exec(text) ?? []
  return after ?? alone ?? null
}

function kindOf(status: string | null): Kind {
  if (!status) return 'soft'
  if (HARD.includes(status)) return 'hard'
  if (FULL.includes(status)) return 'full'
  if (/^[45]\.7\./.test(status)) return 'policy'
  return status.startsWith('5') ? 'soft' : 'delayed'
}

function general(status: string): boolean {
  return /^5\.(0\.\d+|1\.0|2\.0|3\.0|4\.0|5\.\d+)$/.test(status)
}

function phrase(text: string): string | undefined {
  return PHRASES.find(([pattern]) => pattern.test(text))?.[1]
}
