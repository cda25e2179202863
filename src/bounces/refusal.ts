import { judged } from './status.ts'

/**
 * Whom a server's no is about: `us` (who we are or what we write: nobody there would get it), `perhaps` (it says that it has
 * rules, and not which), or undefined (this reader, or later).
 */
export type Refusal = 'us' | 'perhaps' | undefined

/** Numbers that speak of the sender alone: SPF, DKIM, DMARC, rates, names, and what Gmail and Microsoft have added to RFC 7372. */
const NUMBERS = /^[45]\.7\.(2\d|30|350|40|50\d|51[015]|52\d|6[0-4]\d|650|651|70[58]|750)$/
const WORDS =
  /reputation|spamhaus|spamcop|barracuda|\brbl\b|blocked using|block ?list|blacklist|deny ?list|unsolicited|spam|bulk mail|dmarc|\bspf\b|\bdkim\b|not authenticated|unauthenticated|reverse dns|\bptr\b|complaint|\[TSS?\d\d\]|\[S\d{4}\]|rate limited|too (many|much)|volume|your (ip|domain|host|server|network|organi[sz]ation)|sending (ip|domain|host|server)|(ip|client host|sender|from)( address)?( \S{1,80})? (is |was |has been )?(blocked|banned|denied|rejected|refused|not trusted|listed)|sender[^.;]{0,20} is not trusted|(message )?content[^.;]{0,20} (rejected|refused|denied)|rejected due to content|الرسائل المزعجة|istenmeyen/i

/** Rules of one mailbox, or of one group: who may write there. And servers that let every stranger wait. */
const READER_NUMBERS = /^[45]\.7\.(2|12|13|17|18|19|12\d|13\d)$/
const READER_WORDS =
  /RESOLVER\.RST|AuthRequired|not permitted to (send|deliver) to|not authori[sz]ed to send to|(recipient|mailbox|user|group|account)[^.;]{0,60} (only accepts|does not accept|doesn['’]t accept|is restricted|has restricted|has blocked|blocked you|blocks|will not accept)|blocked by (the )?(recipient|user)|access to (this|the) (mailbox|recipient)|gr[ea]y-?list/i

/** Judges an answer (to RCPT, DATA or the dot), or what a bounce says of it. */
export function refusalIn(words: string, given: string | null = null): Refusal {
  const { kind, status } = judged(given, words)
  if (kind !== 'policy') return undefined
  if (isReaders(status, words)) return undefined
  if (NUMBERS.test(status ?? '') || WORDS.test(words)) return 'us'
  return /^4/.test(words) || /^4\./.test(status ?? '') ? undefined : 'perhaps'
}

/** Whether an answer tells of the rules of one mailbox or group, whoever has handed it on. */
export function ofMailbox(words: string): boolean {
  return isReaders(judged(null, words).status, words)
}

function isReaders(status: string | null, words: string): boolean {
  return READER_NUMBERS.test(status ?? '') || READER_WORDS.test(words)
}
