import fc from 'fast-check'
import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import { addressHash, email } from '../src/address.ts'
import { refusalIn } from '../src/bounces/refusal.ts'
import { take } from '../src/bounces/take.ts'
import { readConfig } from '../src/config.ts'
import { granted } from '../src/deliveries/domain-rates.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { Problem } from '../src/problem.ts'
import * as site from '../src/site.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { edition, type Mailing, mailing, told } from './mailing.ts'
import { openRelay, type RelayServer } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }
const BLOCKED = '550 5.7.26 Your email has been blocked because the sender is unauthenticated (SPF, DKIM)'

/** A list whose readers are at these domains, in this order. */
async function readersAt(world: World, domains: string[], slug = 'morning'): Promise<Mailing> {
  const list = await mailing(world, domains.length, slug)
  for (const [n, reader] of list.readers.entries()) {
    reader.address = `${slug}-${n}@${domains[n]}`
    await world.db
      .updateTable('subscriber')
      .set({ address: reader.address, address_hash: addressHash(email(reader.address)) })
      .where('id', '=', reader.subscriber_id)
      .execute()
  }
  return list
}

const many = (n: number, domain: string) => Array.from({ length: n }, () => domain)
const send = (app: World, wait = 0) => deliveries.sendUntilEmpty(app, { wait })

/** When letters to each domain came, in ms from the first on. */
function clocked(script: RelayServer['script'] = {}) {
  const times = new Map<string, number[]>()
  const note = (to: string) => {
    const domain = to.slice(to.lastIndexOf('@') + 1)
    times.set(domain, [...(times.get(domain) ?? []), performance.now()])
  }
  const data = (_: number, to: string) => {
    note(to)
    return '354 go'
  }
  return { times, script: { ...script, data } }
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(done()).toBe(true)
}

/** The most letters in any second. */
function most(times: number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length))
}

describe.each(databases)('a rate for each domain on %s', (kind) => {
  test('a list that is nine tenths one domain keeps the others flowing, and that domain gets its rate', async () => {
    const { times, script } = clocked()
    await using relay = await openRelay(script)
    await using world = await openWorld(kind, MORNING, {
      NASHRA_SMTP: `${relay.url}?domains=big.example:40,slow.example:2`,
    })
    const list = await readersAt(world, [
      ...many(180, 'big.example'),
      ...many(2, 'slow.example'),
      ...many(60, 'other.example'),
    ])
    const { public_id } = await edition(world, list)
    expect(await send(world)).toEqual({ ...NONE, submitted: 242 })
    const big = times.get('big.example')!
    expect(big.filter((at) => at > times.get('other.example')!.at(-1)!).length).toBeGreaterThan(60)
    const span = big.at(-1)! - big[0]!
    expect(span).toBeGreaterThan(4300)
    expect(span).toBeLessThan(12_000)
    expect(most(big)).toBeLessThanOrEqual(65) // half a second's more, and what the relay was slow to read
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 242, waiting: 0, addsUp: true })
    expect(new Set(relay.received.map(({ to }) => to)).size).toBe(242)
  }, 60_000)

  test('two senders at once share it', async () => {
    const { times, script } = clocked()
    await using relay = await openRelay(script)
    await using world = await openWorld(kind, MORNING, {
      NASHRA_SMTP: `${relay.url}?connections=3&domains=big.example:20`,
    })
    const { public_id } = await edition(
      world,
      await readersAt(world, [...many(60, 'big.example'), ...many(20, 'other.example')]),
    )
    const another = kind === 'pglite' ? world : await world.again()
    const sent = await Promise.all([send(world), send(another)])
    expect(sent.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(80)
    const big = times.get('big.example')!
    expect(big.at(-1)! - big[0]!).toBeGreaterThan(2700)
    expect(most(big)).toBeLessThanOrEqual(34)
    expect(relay.received).toHaveLength(80)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 80, addsUp: true })
    if (another !== world) await another.database.close()
  }, 60_000)
})

describe.each(databases)('letters that wait for their domain’s turn on %s', (kind) => {
  test('of two editions to a hundred domains, by two senders: everybody gets each once', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?domains=*:4,free.example:900` })
    const domains = Array.from({ length: 300 }, (_, n) => (n % 3 ? `d${n % 100}.example` : 'free.example'))
    const one = await edition(world, await readersAt(world, domains))
    const two = await edition(world, await readersAt(world, domains.toReversed(), 'evening'))
    const another = kind === 'pglite' ? world : await world.again()
    const sent = await Promise.all([send(world), send(another)])
    expect(sent.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(600)
    expect(new Set(relay.received.map(({ id }) => id)).size).toBe(600)
    expect(relay.received).toHaveLength(600)
    for (const { public_id } of [one, two])
      expect(await deliveries.verify(world.db, public_id)).toMatchObject({
        state: 'done',
        submitted: 300,
        addsUp: true,
      })
    expect([...world.logs, ...another.logs].filter(({ level }) => level === 'error')).toEqual([])
    if (another !== world) await another.database.close()
  }, 60_000)

  test('a reader who leaves meanwhile, and an edition that is paused, get none; nobody is forgotten', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?domains=big.example:5` })
    const list = await readersAt(world, many(12, 'big.example'))
    const { public_id } = await edition(world, list)
    const sending = send(world)
    await until(() => relay.received.length >= 3)
    await digests.pause(world, 'cli', public_id)
    await subscribers.leaveFor(world, list.readers[11]!.subscription_id, 'page')
    expect(await sending).toMatchObject({ refused: 0 })
    const before = relay.received.length
    expect(before).toBeLessThan(9)
    expect(await send(world)).toEqual(NONE)
    await digests.resume(world, 'cli', public_id)
    await send(world)
    expect(new Set(relay.received.map(({ to }) => to)).size).toBe(11)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      state: 'done',
      submitted: 11,
      skipped: 1,
      addsUp: true,
    })
  }, 60_000)

  test('a process that goes on serving ends the editions beside them, and theirs when all have gone', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?domains=big.example:3` })
    const slow = await edition(world, await readersAt(world, many(12, 'big.example')))
    const fast = await edition(world, await readersAt(world, many(3, 'other.example'), 'evening'))
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    const state = async (id: number) =>
      (await world.db.selectFrom('edition').select('state').where('id', '=', id).executeTakeFirstOrThrow()).state
    await expect.poll(() => state(fast.id), { timeout: 10_000 }).toBe('done')
    expect(await state(slow.id)).toBe('frozen')
    await expect.poll(() => state(slow.id), { timeout: 15_000 }).toBe('done')
    stop.abort()
    await running
    expect(relay.received).toHaveLength(15)
  }, 60_000)

  test('a confirmation waits for no turn, and counts as one', async () => {
    const { times, script } = clocked()
    await using relay = await openRelay(script)
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?domains=big.example:1` })
    const list = await readersAt(world, many(9, 'big.example'))
    await edition(world, list)
    const sending = send(world)
    await until(() => relay.received.length >= 2)
    const { subscriber_id, subscription_id } = list.readers[5]!
    const welcome = { kind: 'welcome' as const, subscriber_id, subscription_id, language: 'ar' }
    await deliveries.ask(world.db, welcome, instant(world.now()))
    await sending
    expect(relay.received.findIndex(({ id }) => id.startsWith('<n'))).toBeLessThan(7)
    const all = times.get('big.example')!
    expect(all).toHaveLength(10)
    expect(all.at(-1)! - all[0]!).toBeGreaterThan(8700)
  }, 60_000)

  test('what waits when the rate is taken away goes at once', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?domains=big.example:0.01` })
    const { public_id } = await edition(world, await readersAt(world, many(10, 'big.example')))
    const stop = new AbortController()
    const sending = deliveries.sendUntilEmpty(world, { wait: 0, signal: stop.signal })
    await until(() => relay.received.length === 1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    stop.abort()
    expect(await sending).toMatchObject({ submitted: 1 })
    const parked = await world.db.selectFrom('delivery').select('state').where('domain', 'is not', null).execute()
    expect(parked.length).toBe(9)
    Object.assign(world.config, { relays: readConfig({ NASHRA_SMTP: relay.url }).relays })
    await world.db
      .updateTable('recipient_domain')
      .set({ next_at: 0 as never })
      .execute() // or in a hundred seconds
    expect(await send(world)).toMatchObject({ submitted: 9 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ state: 'done', submitted: 10, addsUp: true })
  })
})

describe.each(databases)('a domain that refuses us on %s', (kind) => {
  test('pauses; its readers are not spent, the others get theirs, and after an hour one letter tries', async () => {
    const asked: string[] = []
    await using relay = await openRelay({
      rcpt: (to) => {
        asked.push(to)
        return /@strict/.test(to) ? BLOCKED : '250 ok'
      },
    })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=2` })
    const list = await readersAt(world, [...many(40, 'strict.example'), ...many(30, 'other.example')])
    const { public_id } = await edition(world, list)
    expect(await send(world)).toEqual({ ...NONE, submitted: 30 })
    const strict = () => asked.filter((to) => /@strict/.test(to)).length
    expect(strict()).toBeLessThanOrEqual(2)
    const until = '2026-11-23T06:00:00Z'
    const paused = { domain: 'strict.example', until, letters: 40, reason: BLOCKED }
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      ...{ submitted: 30, refused: 0, waiting: 40, addsUp: true, paused: [paused] },
    })
    expect(await told(world, list, list.readers[0]!)).toBe(10)
    const before = strict()
    world.clock.advance({ minutes: 59 })
    await send(world)
    expect(strict()).toBe(before)
    world.clock.advance({ minutes: 2 })
    await send(world)
    expect(strict()).toBe(before + 1)
    world.clock.advance({ minutes: 61 })
    await send(world)
    expect(strict()).toBe(before + 1) // now it is two hours
    relay.script = {}
    world.clock.advance({ hours: 1 })
    expect(await send(world)).toEqual({ ...NONE, submitted: 40 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      submitted: 70,
      waiting: 0,
      paused: [],
      addsUp: true,
    })
  }, 60_000)

  test('one reader who is refused by a rule of a mailbox, and a greylist, pause nobody', async () => {
    const words = ['550 5.7.133 Recipient not found by SMTP; the group only accepts its members', '450 4.7.1 Greylisted, come back later', '550 5.7.1 no', '554 5.7.1 no'] // biome-ignore format: one list
    await using relay = await openRelay({ rcpt: (to) => words[Number(/-(\d+)@/.exec(to)![1])] ?? '250 ok' })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const { public_id } = await edition(world, await readersAt(world, many(20, 'big.example')))
    expect(await send(world)).toMatchObject({ submitted: 16, refused: 3, deferred: 1 })
    expect(await deliveries.pausedDomains(world.db, instant(world.now()))).toEqual([])
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ paused: [], addsUp: true })
  })

  test('three doubtful refusals in a row are one of us', async () => {
    await using relay = await openRelay({
      dot: ({ to }) => (/@big/.test(to) ? '554 5.7.1 denied by policy' : '250 ok'),
    })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=1` })
    const list = await readersAt(world, [...many(10, 'big.example'), ...many(5, 'other.example')])
    await edition(world, list)
    expect(await send(world)).toEqual({ ...NONE, submitted: 5, refused: 2 })
    expect(await deliveries.pausedDomains(world.db, instant(world.now()))).toMatchObject([{ domain: 'big.example' }])
  })

  test('a 4.7.x about our reputation pauses it too, also with 421, and no relay', async () => {
    const busy = '421 4.7.28 Our system has detected an unusual rate of unsolicited mail from your IP address'
    await using relay = await openRelay({ rcpt: (to) => (/@big/.test(to) ? busy : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=2` })
    const { public_id } = await edition(
      world,
      await readersAt(world, [...many(6, 'big.example'), ...many(6, 'other.example')]),
    )
    expect(await send(world)).toEqual({ ...NONE, submitted: 6 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ waiting: 6, paused: [{ letters: 6 }] })
    expect(world.logs.map(({ event }) => event)).not.toContain('a relay pauses')
    const tried = await world.db.selectFrom('delivery').select('attempts').where('attempts', '>', 0).execute()
    expect(tried).toEqual([])
  })

  test('somebody’s word lets it go on at once, and what comes next is the short pause again', async () => {
    await using relay = await openRelay({ rcpt: (to) => (/@big/.test(to) ? BLOCKED : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const { public_id } = await edition(world, await readersAt(world, many(12, 'big.example')))
    await expect(deliveries.resumeDomain(world, 'cli', 'big.example')).rejects.toMatchObject({
      code: 'domain-not-paused',
    })
    expect(await send(world)).toEqual(NONE)
    relay.script = {}
    expect(await deliveries.resumeDomain(world, 'cli', ' BIG.example ')).toBe('big.example')
    expect(await send(world)).toEqual({ ...NONE, submitted: 12 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 12, paused: [], addsUp: true })
  })

  test('health and the late editions know of it: it is degraded, and nothing is late', async () => {
    await using relay = await openRelay({ rcpt: (to) => (/@big/.test(to) ? BLOCKED : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await readersAt(world, many(3, 'big.example')))
    await send(world)
    expect((await health(world)).checks['inboxes']).toEqual({
      status: 'degraded',
      detail: expect.stringMatching(
        /^letters wait for big\.example until 2026-11-23T06:00Z \(550 5\.7\.26 Your email has been blocked/,
      ),
    })
    world.clock.advance({ minutes: 40 })
    await world.db
      .updateTable('slot')
      .set({ next_at: later(instant(world.now()), 1000) })
      .execute()
    expect((await health(world)).checks['editions']).toEqual({ status: 'ok' })
    expect(world.logs).toContainEqual(
      expect.objectContaining({ level: 'error', event: expect.stringContaining('a domain refuses us') }),
    )
    expect(JSON.stringify(world.logs)).not.toMatch(/-\d@/)
  })

  test('the next edition overtakes what waits for it, and its stories count as untold', async () => {
    await using relay = await openRelay({ rcpt: (to) => (/@big/.test(to) ? BLOCKED : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const list = await readersAt(world, [...many(3, 'big.example'), 'other.example'])
    const { public_id } = await edition(world, list)
    await send(world)
    await edition(world, list, { day: '2026-11-24', to: 20 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      submitted: 1,
      skipped: 3,
      waiting: 0,
      addsUp: true,
    })
    relay.script = {}
    await deliveries.resumeDomain(world, 'cli', 'big.example')
    expect(await send(world)).toMatchObject({ submitted: 4 })
  })

  test('a letter that alone is refused so, while others are taken, is tried again later and stops nobody', async () => {
    await using relay = await openRelay({ rcpt: (to) => (/-0@/.test(to) ? BLOCKED : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=1` })
    const { public_id } = await edition(world, await readersAt(world, many(8, 'big.example')))
    expect(await send(world)).toEqual(NONE)
    world.clock.advance({ minutes: 61 })
    expect(await send(world)).toEqual({ ...NONE, submitted: 7, deferred: 1 })
    expect(await deliveries.pausedDomains(world.db, instant(world.now()))).toEqual([])
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 7, waiting: 1, addsUp: true })
  })
})

describe.each(databases)('what comes back on %s', (kind) => {
  test('a bounce that names us pauses the domain; a few letters try after an hour, and ten minutes later all', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    const list = await readersAt(world, many(20, 'big.example'))
    const { id } = await edition(world, list, { readers: list.readers.slice(0, 1) })
    await send(world)
    const report = { edition_id: id, subscriber_id: list.readers[0]!.subscriber_id, via: 'mail', key: 'mail 1' }
    await take(world, { ...report, kind: 'policy', status: '5.7.26', words: BLOCKED })
    expect(await deliveries.pausedDomains(world.db, instant(world.now()))).toMatchObject([{ domain: 'big.example' }])
    const { public_id } = await edition(world, list, { day: '2026-11-24', to: 20, readers: list.readers.slice(1) })
    expect(await send(world)).toEqual(NONE)
    world.clock.advance({ minutes: 61 })
    expect(await send(world)).toEqual({ ...NONE, submitted: 5 })
    world.clock.advance({ minutes: 9 })
    expect(await send(world)).toEqual(NONE)
    world.clock.advance({ minutes: 2 })
    expect(await send(world)).toEqual({ ...NONE, submitted: 14 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 19, paused: [], addsUp: true })
  })

  test('more than three in a thousand complaints hold what is left of an edition, until somebody’s word', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await site.set(world, 'test', { report_to: 'chief@desk.example' })
    const list = await mailing(world, 1100)
    const { id, public_id } = await edition(world, list)
    await world.db // a hundred are not due yet
      .updateTable('delivery')
      .set({ due_at: later(instant(world.now()), 60_000) })
      .where('subscriber_id', '>=', list.readers[1000]!.subscriber_id)
      .execute()
    expect(await send(world)).toEqual({ ...NONE, submitted: 1000 })
    const complain = (n: number) =>
      take(world, {
        ...{ edition_id: id, subscriber_id: list.readers[n]!.subscriber_id, via: 'mail', key: `mail ${n}` },
        ...{ kind: 'complaint', status: null, words: 'abuse' },
      })
    for (const n of [0, 1, 2]) await complain(n)
    await complain(2)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ state: 'frozen' })
    await complain(3)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({
      state: 'held',
      reason: 'complaints',
      waiting: 100,
    })
    expect((await health(world)).checks['inboxes']).toEqual({
      status: 'degraded',
      detail: 'called spam: morning of 2026-11-23 by 4, and is held',
    })
    expect(world.logs).toContainEqual(
      expect.objectContaining({ level: 'error', event: 'an edition is held: too many readers call it spam' }),
    )
    world.clock.advance({ minutes: 5 })
    await digests.finishBegun(world, 'job')
    expect(await send(world)).toEqual({ ...NONE, submitted: 1 }) // the letter to the newsroom
    const { text } = await simpleParser(Buffer.from(relay.received.at(-1)!.source, 'latin1'))
    expect(text).toContain('nashra edition resume')
    expect(text).toContain('لم تُرسل بعد: 100')
    expect(await digests.resume(world, 'cli', public_id)).toBe('frozen')
    await complain(4) // it is known, and somebody has looked
    expect(await send(world)).toMatchObject({ submitted: 101, skipped: 0 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ state: 'done', submitted: 1100, addsUp: true })
  }, 60_000)

  test('a few complaints of a small edition hold nothing; three do', async () => {
    await using world = await openWorld(kind, MORNING)
    const list = await mailing(world, 20)
    const { id, public_id } = await edition(world, list)
    await world.db.updateTable('tally').set({ state: 'submitted' }).execute()
    for (const n of [0, 1, 2]) {
      expect(await deliveries.verify(world.db, public_id)).toMatchObject({ state: 'frozen' })
      const report = { edition_id: id, subscriber_id: list.readers[n]!.subscriber_id, via: 'mail', key: `mail ${n}` }
      await take(world, { ...report, kind: 'complaint', status: null, words: 'abuse' })
    }
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ state: 'held', reason: 'complaints' })
  })
})

test('whoever asks and however often, no stretch of time gets more than its rate and half a second’s more', () => {
  const asks = fc.array(fc.record({ after: fc.nat(3000), wanted: fc.integer({ min: 0, max: 60 }) }), { maxLength: 80 })
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 200, noNaN: true }), asks, (rate, all) => {
      let now = 1_800_000_000_000
      let next = 0
      const given: { at: number; n: number }[] = []
      for (const { after, wanted } of all) {
        now += after
        const turns = granted(rate, next, wanted, now)
        expect(turns.n).toBeLessThanOrEqual(wanted)
        next = turns.next_at
        given.push({ at: now, n: turns.n })
        for (const { at: from } of given) {
          const n = given.filter(({ at }) => at >= from).reduce((sum, one) => sum + one.n, 0)
          expect(n).toBeLessThanOrEqual(((now - from) / 1000 + 0.5) * rate * 1.1 + 2)
        }
      }
    }),
    { numRuns: 200 },
  )
})

test('the end of a sending is foretold by the domain that is last', async () => {
  await using world = await openWorld('sqlite', MORNING, {
    NASHRA_SMTP: 'smtp://127.0.0.1:9?rate=10&domains=big.example:1,*:5',
  })
  await edition(world, await readersAt(world, [...many(300, 'big.example'), ...many(100, 'other.example')]))
  expect(await deliveries.expectedEnd(world)).toEqual({
    ...{ letters: 400, rate: 10, at: '2026-11-23T05:05Z' },
    slowest: { domain: 'big.example', letters: 300, rate: 1 },
  })
})

test.each([
  'gmail.com',
  'gmail.com=5',
  'gmail.com:0',
  'gmail.com:fast',
  'gmail.com:5,,*:2',
  'gmail:5',
  '*.com:5',
  'gmail.com:1e3',
  '',
])('domains=%s is refused, with the right form', (value) => {
  const config = () => readConfig({ NASHRA_SMTP: `smtp://u:secret@relay.example?domains=${value}` })
  expect(config).toThrow(Problem)
  try {
    config()
  } catch (error) {
    expect((error as Problem).values['mistakes']).toContain('domains=gmail.com:5,yahoo.com:0.5,*:20')
    expect((error as Problem).values['mistakes']).not.toContain('secret')
  }
})

test('domains are read as addresses are; one that is named twice is said', () => {
  const relays = (value: string) => readConfig({ NASHRA_SMTP: `smtp://relay.example?domains=${value}` }).relays
  expect([...relays('GMAIL.com:5,أخبار.شبكة:0.5,*:20')[0]!.domains!]).toEqual([
    ['gmail.com', 5],
    ['xn--igbicxr.xn--ngbc5azd', 0.5],
    ['*', 20],
  ])
  expect(() => relays('gmail.com:5,Gmail.com:6')).toThrow(Problem)
})

test.each<[string, 'us' | 'perhaps' | undefined]>([
  ['550 5.7.26 This mail has been blocked because the sender is unauthenticated', 'us'],
  ['550 5.7.515 Access denied, sending domain does not meet the required authentication level', 'us'],
  ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org', 'us'],
  ['421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints', 'us'],
  ['451 4.7.650 The mail server has been temporarily rate limited due to IP reputation', 'us'],
  ['550 5.7.1 [S3150] Unfortunately, messages from [192.0.2.1] weren’t sent', 'us'],
  ['550-5.7.1 Our system has detected that this message is likely unsolicited mail', 'us'],
  ['554 5.7.1 no thanks', 'perhaps'],
  ['550 5.7.1 Recipient address rejected: access denied', 'perhaps'],
  ['550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup', undefined],
  ['550 5.7.1 RESOLVER.RST.AuthRequired; authentication required', undefined],
  ['550 5.7.1 The user has blocked you', undefined],
  ['450 4.7.1 Greylisted for 300 seconds', undefined],
  ['451 4.7.1 Please try again later', undefined],
  ['550 5.1.1 no such user', undefined],
  ['552 5.2.2 mailbox full', undefined],
  ['451 local error', undefined],
])('«%s» is about %s', (reply, about) => {
  expect(refusalIn(reply)).toBe(about)
})
