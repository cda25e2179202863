import { type Instant, instant } from '../db/instant.ts'
import type * as digests from './digests/index.ts'
import { clockTime, type MessageKey, say, shortDate } from './locale.ts'
import type * as subscribers from './subscribers/index.ts'

type Shown = Awaited<ReturnType<typeof subscribers.show>>

const KINDS = ['complaint', 'delayed', 'full', 'hard', 'leaving', 'policy', 'soft']

/** Suppressions with a sentence each: why nobody writes there any more. */
export function suppressions<Row extends { reason: string }>(
  language: string,
  rows: Row[],
): (Row & { says: string })[] {
  return rows.map((row) => ({ ...row, says: why(language, row.reason) }))
}

/** A reader's whole record, with a sentence for the suppression and for each letter that came back. */
export function reader(language: string, shown: Shown) {
  const bounces = shown.bounces.map((one) => ({ ...one, says: cameBack(language, one.kind) }))
  const suppression = shown.suppression && suppressions(language, [shown.suppression])[0]!
  return { ...shown, suppression, bounces }
}

/** Why nobody writes to a suppressed address, in a sentence. */
export function why(language: string, reason: string): string {
  const status = /^bounced (5\.\d+\.\d+)$/.exec(reason)?.[1]
  if (status) return say(language, 'suppression.gone', { status })
  if (/^bounced \d+ times$/.test(reason)) return say(language, 'suppression.failing')
  if (reason === 'mailbox full') return say(language, 'suppression.full')
  if (reason === 'complaint') return say(language, 'suppression.complaint')
  return say(language, 'suppression.words', { reason })
}

function cameBack(language: string, kind: string): string {
  return KINDS.includes(kind) ? say(language, `bounce.${kind}` as MessageKey) : kind
}

/** Each of the latest editions in a sentence: why it came, or did not. */
export function answers(language: string, all: digests.Answer[], zone: string): string[] {
  return all.map((one) => `${one.digest}, ${one.day}: ${answer(language, one, zone)}`)
}

/** Why one edition came, or did not. */
export function answer(language: string, { why, reason = '', reply, next, at }: digests.Answer, zone: string): string {
  const because = reason && REASONS.includes(reason) ? say(language, `why.because-${reason}` as MessageKey) : reason
  const time = (iso: string | undefined) => (iso === undefined ? '' : clock(iso, zone, language))
  const values = { reason: because, reply: reply ?? '—', next: time(next), at: time(at) }
  return say(language, `why.${why}` as MessageKey, values)
}

const REASONS = ['all-served', 'first', 'left', 'missed', 'no-news', 'no-readers', 'paused', 'refusals', 'restored', 'superseded', 'suppressed', 'too-few', 'withdrawn'] // biome-ignore format: one list

function clock(iso: string, zone: string, language: string): string {
  const at = instant(Temporal.Instant.from(iso))
  return `${shortDate(at, zone, language)} ${clockTime(at, zone)}`
}

/** What happened to a reader, a line each. */
export function events(language: string, all: subscribers.Event[], zone: string): string[] {
  const time = (at: number) => `${shortDate(at as Instant, zone, language)} ${clockTime(at as Instant, zone)}`
  return all.map(({ at, what, by, list, details }) => {
    const more = Object.entries(details)
      .filter(([, value]) => value !== null)
      .map(([key, value]) => {
        if (/_at$/.test(key)) return `${key}=${time(value as number)}`
        return `${key}=${typeof value === 'object' ? JSON.stringify(value) : value}`
      })
    return [time(at), happened(language, what), ...(list ? [list] : []), ...(by ? [`(${by})`] : []), ...more].join('  ')
  })
}

const HAPPENED = ['asked', 'bounced', 'confirmed', 'imported', 'left', 'suppressed', 'letter-queued', 'letter-submitted', 'letter-deferred', 'letter-refused', 'letter-skipped', 'letter-uncertain', 'subscriber-erase', 'subscription-confirm', 'subscription-hour', 'subscription-leave', 'subscription-prefer'] // biome-ignore format: one list

/** What an event of a reader's timeline is, in words; a verb of the trail that has none stays as it is. */
export function happened(language: string, what: string): string {
  const key = what.replace(/[ .]/, '-')
  if (HAPPENED.includes(key)) return say(language, `event.${key}` as MessageKey)
  if (what.startsWith('bounce ')) return cameBack(language, what.slice(7))
  const [kind = '', state = ''] = what.split(' ')
  if (!NOTICES.includes(kind) || !HAPPENED.includes(`letter-${state}`)) return what
  return `${say(language, `notice.${kind}` as MessageKey)}: ${say(language, `event.letter-${state}` as MessageKey)}`
}

const NOTICES = ['confirm', 'goodbye', 'welcome']

/** That we know nothing of an address, which is masked. */
export function unknown(language: string, value: string): string {
  return say(language, 'problem.subscriber-not-found', { value })
}
