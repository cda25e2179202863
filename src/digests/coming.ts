import { type Instant, later } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import { clockTime, longDate, say, spoken, weekdayName } from '../locale.ts'
import * as segments from '../segments/index.ts'
import { city } from '../zones.ts'
import * as calendar from './calendar.ts'
import * as slots from './slots.ts'

/**
 * When a reader's next letter comes, if there is news by then: on which local day, at which moment. `state` says why none
 * does; `paused`: not before a day. `when` is a phrase («غدًا الساعة 8:00 بتوقيت إسطنبول», '' where none comes), `words` a
 * whole sentence.
 */
export type Coming = {
  state: 'coming' | 'paused' | 'pending' | 'left' | 'suppressed' | 'none'
  on: string | null
  at: Instant | null
  zone: string | null
  when: string
  words: string
}

type Next = calendar.Occurrence & { zone: string; weekdays: number }

/** When the next letter comes on a subscription, in words of a language (the reader's own, if none is given). */
export async function coming(db: Db, subscriptionId: number, now: Instant, language?: string): Promise<Coming> {
  const reader = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .select(['subscription.list_id', 'state', 'subscription.language', 'zone', 'minute', 'weekdays', 'paused_until'])
    .select(['suppression.id as suppressed', 'subscriber.address'])
    .where('subscription.id', '=', subscriptionId)
    .executeTakeFirstOrThrow()
  const voice = voiceOf(language ?? reader.language)
  if (reader.suppressed !== null || reader.address === null) return silence('suppressed', voice)
  if (reader.state !== 'active') return silence(reader.state === 'pending' ? 'pending' : 'left', voice)
  const paused = reader.paused_until !== null && reader.paused_until > now ? reader.paused_until : undefined
  const from = paused === undefined ? now : later(paused, -1)
  const next = await nextOf(db, { ...reader, id: subscriptionId }, { now, after: from })
  if (!next) return silence('none', voice)
  const when = phrase(next, now, voice)
  const until = paused === undefined ? '' : longDate(calendar.localDay(next, paused), voice)
  return {
    state: until ? 'paused' : 'coming',
    ...{ on: next.on, at: next.at, zone: next.zone, when },
    words: until
      ? say(voice, 'coming.paused', { until, when })
      : say(voice, calendar.spacing(next.weekdays) === 7 ? 'coming.weekly' : 'coming.next', { when }),
  }
}

/** A language of ours: names of days in another one would stand in an English sentence. */
function voiceOf(language: string): string {
  return spoken.includes(language.split('-')[0]!.toLowerCase()) ? language : 'en'
}

type Reader = { id: number; list_id: number; zone: string | null; minute: number | null; weekdays: number | null }

/** The first letter after a moment of all digests that are for the reader now; never a second one on a local day. */
async function nextOf(
  db: Db,
  reader: Reader,
  { now, after }: { now: Instant; after: Instant },
): Promise<Next | undefined> {
  const all = await db
    .selectFrom('digest')
    .leftJoin('follow', (join) =>
      join.onRef('follow.digest_id', '=', 'digest.id').on('follow.subscription_id', '=', reader.id),
    )
    .select(['digest.id', 'digest.segment_id', 'follow.last_on'])
    .where('digest.list_id', '=', reader.list_id)
    .execute()
  const digests: typeof all = []
  for (const digest of all) if (await segments.isMeant(db, digest, reader.id, now)) digests.push(digest)
  const own = await slots.own(
    db,
    digests.map(({ id }) => id),
  )
  const coming = digests.map(({ id, last_on }): Next => {
    const wanted = slots.hourOf(reader, own.get(id)!)
    const hour = calendar.isHour(wanted) ? wanted : own.get(id)!
    let next = calendar.next(hour, after)
    while (last_on !== null && next.on <= last_on) next = calendar.next(hour, next.at)
    return { ...next, zone: hour.zone, weekdays: hour.weekdays }
  })
  return coming.toSorted((a, b) => a.at - b.at)[0]
}

function silence(state: 'pending' | 'left' | 'suppressed' | 'none', language: string): Coming {
  return { state, on: null, at: null, zone: null, when: '', words: say(language, `coming.${state}`) }
}

function phrase({ on, at, zone }: Next, now: Instant, language: string): string {
  const day = Temporal.PlainDate.from(on)
  const away = calendar.localDay({ zone }, now).until(day).days
  const time = clockTime(at, zone).replace(/^0/, '')
  const values = { time, place: city(zone, language) }
  if (away === 0) return say(language, 'coming.today', values)
  if (away === 1) return say(language, 'coming.tomorrow', values)
  if (away < 7) return say(language, 'coming.weekday', { ...values, day: weekdayName(day, language) })
  return say(language, 'coming.date', { ...values, day: longDate(day, language) })
}
