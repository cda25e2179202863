import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect } from 'vitest'
import { instant } from '../db/instant.ts'
import { addressHash, email } from '../src/address.ts'
import * as articles from '../src/articles/index.ts'
import * as channels from '../src/channels.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import * as promised from './promised.ts'
import { openRelay, type RelayServer } from './relay.ts'
import { type Kind, openWorld, type World } from './world.ts'

/** The hour of the digest: who asks for nothing gets letters then. */
export const OWN: promised.Hour = { zone: 'Europe/Istanbul', minute: 480, weekdays: 127 }

const MINUTE = 60_000

/** A paper with readers, and beside each of them what was promised; letters are counted as they come out of a real SMTP server. */
export type Readership = {
  world: World
  relay: RelayServer
  readers: Map<string, promised.Reader>
  stories: promised.Story[]
  /** How many letters have come, by reader. */
  letters: Map<string, number>
  ids: Map<string, number>
  seen: number
  downSince: number | undefined
  [Symbol.asyncDispose](): Promise<void>
}

export async function openReadership(kind: Kind, start: string): Promise<Readership> {
  const relay = await openRelay()
  const world = await openWorld(kind, start, { NASHRA_SMTP: relay.url })
  // A year has thousands of commits; none of them is to survive this machine.
  if (kind === 'sqlite') await sql`pragma synchronous = off`.execute(world.db)
  await channels.add(world, 'cli', { slug: 'news', title: 'أخبار', filter: {} })
  await subscribers.addList(world, 'cli', { slug: 'list', title: 'نشرة الصباح', language: 'ar' })
  const digest = { slug: 'daily', channel: 'news', list: 'list', at: '08:00', zone: OWN.zone }
  await digests.add(world, 'cli', digest)
  const end = new AbortController()
  const sending = deliveries.run(world, end.signal)
  return {
    ...{ world, relay, readers: new Map(), stories: [], letters: new Map(), ids: new Map(), seen: 0 },
    downSince: undefined,
    async [Symbol.asyncDispose]() {
      end.abort()
      await sending
      await relay.close()
      await world[Symbol.asyncDispose]()
    },
  }
}

/** What a reader asks for, in words of the product; `format` and `sections` as a subscription has them. */
export type Asked = subscribers.Wish & { format?: string; sections?: string[] }

export async function join(of: Readership, name: string, asked: Asked = {}): Promise<void> {
  const { world } = of
  const address = `${name}@example.org`
  await subscribers.importCsv(world, 'cli', Readable.from([`email\n${address}\n`]), { list: 'list' })
  const { id } = await world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .select('subscription.id')
    .where('address_hash', '=', addressHash(email(address)))
    .executeTakeFirstOrThrow()
  of.ids.set(name, id)
  of.readers.set(name, {
    ...{ hour: OWN, since: 0, paused: null, sections: asked.sections ?? null, spacing: 1, last: null },
    ...{ told: new Set(), gone: false },
  })
  const { format = 'html', sections } = asked
  await world.db
    .updateTable('subscription')
    .set({ format, sections: sections ? JSON.stringify(sections) : '' })
    .where('id', '=', id)
    .execute()
  await ask(of, name, asked)
}

/** A reader changes the hour, the zone, the weekdays or the pause. */
export async function ask(of: Readership, name: string, { zone, at, weekdays, pausedUntil }: Asked): Promise<void> {
  const wish = {
    ...(zone !== undefined && { zone }),
    ...(at !== undefined && { at }),
    ...(weekdays !== undefined && { weekdays }),
    ...(pausedUntil !== undefined && { pausedUntil }),
  }
  await digests.prefer(of.world, 'reader', of.ids.get(name)!, wish)
  const reader = of.readers.get(name)!
  const before = reader.hour
  reader.hour = {
    zone: zone === undefined ? before.zone : (zone ?? OWN.zone),
    minute: at === undefined ? before.minute : at === null ? OWN.minute : minuteOf(at),
    weekdays: weekdays === undefined ? before.weekdays : (weekdays ?? OWN.weekdays),
  }
  if (pausedUntil !== undefined) reader.paused = pausedUntil
  if (JSON.stringify(before) === JSON.stringify(reader.hour)) return
  reader.since = clock(of)
  reader.spacing = Math.max(reader.spacing, promised.spacing(before.weekdays), promised.spacing(reader.hour.weekdays))
}

export async function leave(of: Readership, name: string): Promise<void> {
  await subscribers.leaveFor(of.world, of.ids.get(name)!, 'page')
  of.readers.get(name)!.gone = true
}

/** Stories come in; one that is dated ahead waits for its hour. */
export async function publish(of: Readership, stories: promised.Story[]): Promise<void> {
  of.stories.push(...stories)
  await articles.publish(
    of.world,
    'cli',
    stories.map(({ name, published, section }) => ({
      ...{ guid: name, title: `خبر ${name}`, body_html: '<p>نص الخبر</p>', language: 'ar' },
      published_at: instant(Temporal.Instant.fromEpochMilliseconds(published)),
      ...(section && { section }),
    })),
  )
}

/** The clock comes to a moment: what is due is composed and sent, and what came out is held against the promise. */
export async function tick(of: Readership, now: number): Promise<void> {
  const { world, relay } = of
  world.clock.set(Temporal.Instant.fromEpochMilliseconds(now).toString())
  const composed = await digests.composeDue(world, 'job')
  const letters = composed.reduce((sum, { state, recipients }) => sum + (state === 'composed' ? recipients : 0), 0)
  await until(() => relay.received.length >= of.seen + letters)
  const came = Map.groupBy(relay.received.slice(of.seen), ({ to }) => to.split('@')[0]!)
  of.seen = relay.received.length
  for (const [name, reader] of of.readers) check(of, { name, reader, now, came: came.get(name) ?? [] })
  for (const name of came.keys()) expect(of.readers.has(name), name).toBe(true)
  of.downSince = undefined
}

type Came = { name: string; reader: promised.Reader; now: number; came: { source: string }[] }

/** What waits for letters that do not come ends, and the letters are found missing. */
async function until(done: () => boolean): Promise<void> {
  for (let looks = 0; !done() && looks < 5000; looks++) await sleep(2)
}

/** One reader's letters of one moment: none or one, as promised, and what it tells. */
function check(of: Readership, { name, reader, now, came }: Came): void {
  const day = reader.gone ? undefined : promised.dayDue(reader, now, of.downSince)
  const here = () => `${name} at ${new Date(now).toISOString()}`
  if (day === undefined) {
    if (came.length > 0) expect(came.length, `${here()}: unasked`).toBe(0)
    return
  }
  const { must, may } = promised.letter(reader, recent(of, now), now)
  if (must.length > 0 || came.length > 0) expect(came.length, here()).toBe(1)
  if (came.length === 0) return
  const words = textOf(came[0]!.source)
  const told = [...words.matchAll(/خبر (s\d+)/g)].map(([, story]) => story!)
  if (new Set(told).size !== told.length) expect(told, `${here()}: twice`).toEqual([...new Set(told)])
  const all = Number(/اقرأ العدد كاملًا: (\d+)/.exec(words)?.[1] ?? told.length)
  compare(here(), { told, all, must, may })
  for (const story of all > told.length ? may.map((one) => one.name) : told) reader.told.add(story)
  reader.last = { on: day, at: now }
  reader.spacing = promised.spacing(reader.hour.weekdays)
  of.letters.set(name, (of.letters.get(name) ?? 0) + 1)
}

type Told = { told: string[]; all: number; must: promised.Story[]; may: promised.Story[] }

/** The newest in their order, each one of those that may be told, and none left out that must be. */
function compare(here: string, { told, all, must, may }: Told): void {
  const names = (some: promised.Story[]) => some.map((story) => story.name)
  if (must.length === may.length) {
    expect(told, here).toEqual(names(may).slice(0, promised.NAMED))
    expect(all, here).toBe(may.length)
    return
  }
  expect(told, here).toEqual(names(may).filter((story) => told.includes(story)))
  expect(told.length, here).toBe(Math.min(all, promised.NAMED))
  expect(all >= must.length && all <= may.length, here).toBe(true)
  const shown = all > told.length ? names(may).indexOf(told.at(-1)!) : may.length
  const missing = names(must).filter((story) => names(may).indexOf(story) < shown && !told.includes(story))
  expect(missing, here).toEqual([])
}

/** What is too old for the longest letter needs no second look. */
function recent(of: Readership, now: number): promised.Story[] {
  return of.stories.filter(({ published }) => published > now - 15 * 24 * 60 * MINUTE)
}

/** The plain text of a letter, without its headers: the subject is the first story's. */
function textOf(source: string): string {
  const part = /Content-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)(?:\r\n--|$)/i.exec(source)
  return Buffer.from(part![1]!, 'base64').toString()
}

export function clock({ world }: Readership): number {
  return world.now().epochMilliseconds
}

export function minuteOf(at: string): number {
  const [hour, minute] = at.split(':').map(Number)
  return hour! * 60 + minute!
}
