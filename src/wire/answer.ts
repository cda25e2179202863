import { ofMailbox } from '../bounces/refusal.ts'

/**
 * What became of a letter:
 * `accepted` (a final 2xx), `refused` (5xx: never), `deferred` (4xx: later), `trouble` (the relay speaks of itself, not of
 * this letter), `unsent` (the line broke before the final dot), `unknown` (it broke after the dot: in doubt). `unheard`: it
 * was over before a word was said to the letter.
 */
export type Answer = {
  kind: 'accepted' | 'refused' | 'deferred' | 'trouble' | 'unsent' | 'unknown'
  reply: string
  unheard?: true
}

/** An answer, and whether the line can take another letter. */
export type Outcome = { answer: Answer; usable: boolean }

/** Where in a letter's transaction a reply was given. */
export type Stage = 'MAIL' | 'RCPT' | 'DATA' | 'dot'

/** What a relay says of itself: its connection, rate, quota, log-in or policy, whoever the letter is for. */
const ITSELF =
  /^(421|454|530|534|535|538)|relay access denied|relaying denied|unable to relay|authentication required|(daily|hourly|sending|message|messages|rate|account)[ -](rate[ -])?(quota|limit|ration)|rate limit|too (many|much) (mails?|e-?mails?|messages|connections)\b|throttl/i
/** What an inbox says of who we are, through a relay that hands its answers on: that is no word on the relay. */
const INBOX = /^4\d\d[ -]4\.7\.\d{1,3}\b.*(reputation|unsolicited|complaint|spam|\[TSS?\d\d\])/i
const MAILBOX = /^[245]\d\d[ -][245]\.2\.\d/ // 452 4.2.2: the reader's own mailbox is over its quota
const REPLY = 300 // letters kept of a relay's answer

/** A reply that took the letter. */
export function taken(reply: string): Outcome {
  return { answer: { kind: 'accepted', reply: oneLine(reply) }, usable: true }
}

/** A 4xx or 5xx: the letter's fault or the relay's own. After 421 the relay hangs up. */
export function turnedDown(reply: string, stage: Stage): Outcome {
  const aboutItself = stage === 'MAIL' || (ITSELF.test(reply) && !handedOn(reply))
  if (aboutItself) return { answer: { kind: 'trouble', reply: oneLine(reply) }, usable: false }
  const kind = reply.startsWith('5') ? 'refused' : 'deferred'
  return { answer: { kind, reply: oneLine(reply) }, usable: !reply.startsWith('421') }
}

/** Whether an inbox says so, of itself or of us: a relay that hands its answers on is not meant. */
function handedOn(reply: string): boolean {
  return MAILBOX.test(reply) || INBOX.test(reply) || (/^55/.test(reply) && ofMailbox(reply))
}

/** The line broke. `complete`: our final dot may have reached the relay. */
export function broken(complete: boolean, reply: string): Outcome {
  return { answer: { kind: complete ? 'unknown' : 'unsent', reply: oneLine(reply) }, usable: false }
}

/** The line was over before its letter: that is no word on the letter. */
export function unheard(reply: string): Outcome {
  return { answer: { kind: 'unsent', reply: oneLine(reply), unheard: true }, usable: false }
}

/** A relay's words without control characters, not too many of them. */
export function oneLine(text: string): string {
  return text
    .replace(/\p{Cc}+/gu, ' ')
    .trim()
    .slice(0, REPLY)
}
