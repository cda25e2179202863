import { simpleParser } from 'mailparser'
import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import { refusalIn } from '../src/bounces/refusal.ts'
import { take } from '../src/bounces/take.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as site from '../src/site.ts'
import { health } from '../src/web/health.ts'
import { MORNING, many, NONE, readersAt, send } from './domain-readers.ts'
import { edition, mailing, told } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld } from './world.ts'

const BLOCKED = '550 5.7.26 Your email has been blocked because the sender is unauthenticated (SPF, DKIM)'

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
