import { Writable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, test } from 'vitest'
import { email } from '../src/address.ts'
import { aboutOf, envelope, leaveAddress, leavingOf } from '../src/bounces/envelope.ts'
import * as bounces from '../src/bounces/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { type Client, mailOf, openClient } from './lmtp.ts'
import { edition, type Mailing, mailing, type Reader } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const PAPER = email('paper@news.example')
const INBOUND = { NASHRA_INBOUND: 'lmtp://127.0.0.1:0' }

type Post = { world: World; list: Mailing; reader: Reader; client: Client; to: string; editionId: number }
const open: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

/** A world with a list, an edition that was sent, and a mail server that hands on what comes back. */
async function post(kind: (typeof databases)[number], n = 2): Promise<Post> {
  const world = await openWorld(kind, MORNING, INBOUND)
  open.push(() => world[Symbol.asyncDispose]())
  const list = await mailing(world, n)
  const { id } = await edition(world, list)
  const listener = await bounces.listen(world)
  open.push(() => listener.close())
  const client = await openClient(listener.places[0]!.port)
  open.push(async () => client.close())
  const reader = list.readers[0]!
  const to = envelope(world, { edition_id: id, subscriber_id: reader.subscriber_id }, PAPER)
  return { world, list, reader, client, to, editionId: id }
}

async function shown({ world, reader }: Pick<Post, 'world' | 'reader'>) {
  const { suppression, bounces, subscriptions } = await subscribers.show(world.db, reader.address)
  return { suppression: suppression?.reason ?? null, bounces, state: subscriptions[0]!.state }
}

describe.each(databases)('what comes back on %s', (kind) => {
  test('an address that is not there is suppressed at once, and the timeline says why', async () => {
    const one = await post(kind)
    expect(await one.client.send(mailOf('postfix-unknown-user', { reader: one.reader.address }), one.to)).toEqual([
      expect.stringMatching(/^250/),
    ])
    const { suppression, bounces: seen } = await shown(one)
    expect(suppression).toBe('bounced 5.1.1')
    expect(seen).toMatchObject([{ kind: 'hard', status: '5.1.1', via: 'mail', at: MORNING }])
    expect(seen[0]!.words).toContain('User unknown')
    expect(seen[0]!.words).not.toContain('@')
    expect(seen[0]!.edition).toMatch(/^\w{11}$/)
  })

  test('the same message handed on again counts once', async () => {
    const one = await post(kind)
    for (let n = 0; n < 5; n++) await one.client.send(`Received: by hop${n}\r\n${mailOf('postfix-loop')}`, one.to)
    expect(await shown(one)).toMatchObject({ suppression: null, bounces: [{ kind: 'soft', status: '5.4.6' }] })
  })

  test('other failures suppress after three letters in thirty days, not after three in four months', async () => {
    const slow = await post(kind)
    for (let n = 0; n < 5; n++) {
      const { id } = await edition(slow.world, slow.list, { day: `2026-12-${10 + n}`, to: 20 + n })
      const to = envelope(slow.world, { edition_id: id, subscriber_id: slow.reader.subscriber_id }, PAPER)
      await slow.client.send(mailOf('postfix-loop', { id: `${n}` }), to)
      slow.world.clock.advance({ hours: 24 * 16 })
    }
    expect(await shown(slow)).toMatchObject({ suppression: null })
    const quick = await post(kind)
    for (let n = 0; n < 3; n++) {
      expect((await shown(quick)).suppression).toBe(null)
      const { id } = await edition(quick.world, quick.list, { day: `2026-12-${10 + n}`, to: 20 + n })
      const to = envelope(quick.world, { edition_id: id, subscriber_id: quick.reader.subscriber_id }, PAPER)
      await quick.client.send(mailOf('postfix-loop', { id: `${n}` }), to)
      await quick.client.send(mailOf('postfix-loop', { id: `again-${n}` }), to) // a second report of one letter
    }
    expect(await shown(quick)).toMatchObject({ suppression: 'bounced 3 times' })
  })

  test('a full mailbox is suppressed after five editions', async () => {
    const one = await post(kind)
    for (let n = 0; n < 5; n++) {
      expect((await shown(one)).suppression).toBe(null)
      const { id } = await edition(one.world, one.list, { day: `2026-12-${10 + n}`, to: 20 + n })
      const to = envelope(one.world, { edition_id: id, subscriber_id: one.reader.subscriber_id }, PAPER)
      await one.client.send(mailOf(n % 2 ? 'gmail-full' : 'exchange-full', { id: `${n}` }), to)
    }
    expect(await shown(one)).toMatchObject({ suppression: 'mailbox full' })
  })

  test('what is refused for our own reputation never suppresses: log and health tell it, by domain', async () => {
    const one = await post(kind)
    expect((await health(one.world)).checks['inboxes']).toEqual({ status: 'ok' })
    for (let n = 0; n < 8; n++) await one.client.send(mailOf('gmail-unauthenticated', { id: `${n}` }), one.to)
    expect((await shown(one)).suppression).toBe(null)
    expect((await health(one.world)).checks['inboxes']).toEqual({
      status: 'degraded',
      detail: expect.stringMatching(
        /^refuse us \(5\.7\.x\) since yesterday: example\.org 8; letters wait for example\.org until 2026-11-23T06:00Z \(/,
      ),
    })
    expect(one.world.logs).toContainEqual({
      level: 'warn',
      event: 'an inbox refuses us, not the reader',
      details: { domain: 'example.org', status: '5.7.26' },
    })
    expect(JSON.stringify(one.world.logs)).not.toContain(one.reader.address)
    one.world.clock.advance({ hours: 25 })
    expect((await health(one.world)).checks['inboxes']).toEqual({ status: 'ok' })
  })

  test('a delay is recorded and nothing more', async () => {
    const one = await post(kind)
    for (let n = 0; n < 6; n++) await one.client.send(mailOf('postfix-delayed', { id: `${n}` }), one.to)
    const { suppression, bounces: seen } = await shown(one)
    expect(suppression).toBe(null)
    expect(new Set(seen.map((row) => row.kind))).toEqual(new Set(['delayed']))
  })

  test('a complaint leaves at once, is suppressed, and nothing more is sent', async () => {
    const one = await post(kind)
    await one.client.send(mailOf('arf-abuse', { reader: one.reader.address }), one.to)
    expect(await shown(one)).toMatchObject({
      suppression: 'complaint',
      state: 'left',
      bounces: [{ kind: 'complaint' }],
    })
    const row = await one.world.db
      .selectFrom('delivery')
      .select(['state', 'reason'])
      .where('subscriber_id', '=', one.reader.subscriber_id)
      .executeTakeFirstOrThrow()
    expect(row).toEqual({ state: 'skipped', reason: 'left' })
  })

  test('a complaint to the sender counts by the letter that it returns, and only by that', async () => {
    const one = await post(kind)
    const forged = mailOf('arf-abuse', { reader: one.reader.address })
    expect(await one.client.send(forged, PAPER)).toEqual([expect.stringMatching(/^250/)])
    expect(await shown(one)).toMatchObject({ suppression: null, bounces: [], state: 'active' })
    const { public_id } = await one.world.db
      .selectFrom('edition')
      .select('public_id')
      .where('id', '=', one.editionId)
      .executeTakeFirstOrThrow()
    const real = forged.replace('e23456789abc.defghjkmnpq', `e${public_id}.${one.reader.public_id}`)
    await one.client.send(real, PAPER)
    expect(await shown(one)).toMatchObject({ suppression: 'complaint', state: 'left' })
  })

  test('good news, receipts and automatic answers change nothing', async () => {
    const one = await post(kind)
    const names = ['postfix-success', 'auto-receipt', 'auto-arabic-away', 'auto-turkish-away', 'auto-rfc3834', 'auto-precedence', 'auto-x-autoreply'] // biome-ignore format: one list
    for (const name of names)
      for (const to of [one.to, PAPER])
        expect(await one.client.send(mailOf(name, { reader: one.reader.address }), to)).toEqual([
          expect.stringMatching(/^250/),
        ])
    expect(await shown(one)).toEqual({ suppression: null, bounces: [], state: 'active' })
  })

  test('an answer to the sender leaves that says so and nothing else, in three languages', async () => {
    const names = ['order-arabic', 'order-arabic-stop', 'order-turkish', 'order-turkish-leave', 'order-english', 'order-stop', 'order-subject'] // biome-ignore format: one list
    const { world, list, client } = await post(kind, names.length + 1)
    for (const [n, name] of names.entries()) {
      const reader = list.readers[n]!
      await client.send(mailOf(name, { reader: reader.address }), PAPER)
      expect({ name, ...(await shown({ world, reader })) }).toMatchObject({ name, state: 'left', suppression: null })
    }
    expect(await shown({ world, reader: list.readers[names.length]! })).toMatchObject({ state: 'active' })
  })

  test('what a relay refuses counts as a bounce, once; what it refuses for our own fault suppresses nobody', async () => {
    const { world, list } = await post(kind, 3)
    const replies = ['550 5.1.1 no such user', '554 5.7.1 blocked using zen.spamhaus.org', '550 5.3.4 too large']
    for (const [n, reply] of replies.entries())
      await world.db
        .updateTable('delivery')
        .set({ state: 'refused', reason: 'refused', reply })
        .where('subscriber_id', '=', list.readers[n]!.subscriber_id)
        .execute()
    for (let n = 0; n < 4; n++) await bounces.noteRefusals(world)
    const all = await Promise.all(list.readers.map((reader) => shown({ world, reader })))
    expect(all.map(({ suppression }) => suppression)).toEqual(['bounced 5.1.1', null, null])
    expect(all.map((one) => one.bounces.map((row) => `${row.kind} ${row.via}`))).toEqual([
      ['hard smtp'],
      ['policy smtp'],
      ['soft smtp'],
    ])
  })

  test('a letter for a person is refused in words, as nobody would read it', async () => {
    const one = await post(kind)
    for (const name of ['letter-arabic', 'letter-english', 'letter-turkish', 'letter-about-bounces'])
      expect(await one.client.send(mailOf(name, { reader: one.reader.address }), PAPER)).toEqual([
        expect.stringMatching(/^550 5\.7\.1 nobody reads this address/),
      ])
    expect(await shown(one)).toEqual({ suppression: null, bounces: [], state: 'active' })
  })

  test('a mail to the unsubscribe address leaves by its token, in whatever case', async () => {
    const one = await post(kind)
    const { unsubscribe } = subscribers.tokens(one.world, { id: one.reader.subscription_id, requested_at: null })
    const to = leaveAddress(one.world, unsubscribe, PAPER)!
    expect(to.indexOf('@')).toBeLessThanOrEqual(64)
    expect(await one.client.send(mailOf('auto-arabic'), to)).toEqual([expect.stringMatching(/^250/)])
    expect((await shown(one)).state).toBe('active')
    await one.client.send('From: a@b.example\r\nSubject: x\r\n\r\n\r\n', to.toUpperCase())
    expect((await shown(one)).state).toBe('left')
  })

  test("a group's member that is gone does not end the group's subscription", async () => {
    const one = await post(kind)
    await one.client.send(mailOf('postfix-unknown-user', { reader: 'member@elsewhere.example' }), one.to)
    expect(await shown(one)).toMatchObject({ suppression: null, bounces: [{ kind: 'soft', status: '5.1.1' }] })
  })

  test('an address that we did not write is refused before anything is sent', async () => {
    const one = await post(kind)
    const [, token = ''] = /^b\+(\w+)@/.exec(one.to)!
    const forged = [
      'somebody@news.example',
      `b+${token.slice(0, 10)}${token[10] === 'a' ? 'b' : 'a'}${token.slice(11)}@news.example`,
      `b+${token.slice(0, -2)}@news.example`,
      `b+${'a'.repeat(44)}@news.example`,
      `u+${token}@news.example`,
      `u+${'b'.repeat(36)}@news.example`,
      'b+@news.example',
    ]
    for (const to of forged)
      expect(await one.client.send(mailOf('postfix-unknown-user'), to)).toEqual([expect.stringMatching(/^550/)])
    expect(await shown(one)).toEqual({ suppression: null, bounces: [], state: 'active' })
  })
})

describe('the envelope sender', () => {
  test('is the same for a letter each time, plain, and leads back to it in either case', async () => {
    await using world = await openWorld('sqlite', MORNING, INBOUND)
    fc.assert(
      fc.property(
        fc.option(fc.integer({ min: 1, max: 2 ** 39 })),
        fc.integer({ min: 1, max: 2 ** 39 }),
        (edition_id, subscriber_id) => {
          const about = { edition_id, subscriber_id }
          const address = envelope(world, about, PAPER)
          expect(address).toMatch(/^b\+[a-z2-7]{44}@news\.example$/)
          expect(envelope(world, about, PAPER)).toBe(address)
          const local = address.split('@')[0]!
          expect(aboutOf(world.keys, local)).toEqual(about)
          expect(aboutOf(world.keys, local.toUpperCase())).toEqual(about)
        },
      ),
    )
  })

  test('no other address is taken for one', async () => {
    await using world = await openWorld('sqlite', MORNING, INBOUND)
    const local = envelope(world, { edition_id: 7, subscriber_id: 9 }, PAPER).split('@')[0]!
    const letter = fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567')
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 44 }), letter, (at, other) => {
        fc.pre(local[at] !== other)
        expect(aboutOf(world.keys, local.slice(0, at) + other + local.slice(at + 1))).toBe(undefined)
      }),
      { numRuns: 1000 },
    )
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(aboutOf(world.keys, text) ?? leavingOf(text)).toBe(undefined)
      }),
    )
  })

  test('goes to the domain that bounces come in at, and is our own address where none come in', async () => {
    const about = { edition_id: 1, subscriber_id: 2 }
    await using own = await openWorld('sqlite', MORNING, {
      NASHRA_INBOUND: 'lmtp://127.0.0.1:0?domain=Bounces.News.example',
    })
    expect(envelope(own, about, PAPER)).toMatch(/@bounces\.news\.example$/)
    await using none = await openWorld('sqlite', MORNING)
    expect(envelope(none, about, PAPER)).toBe(PAPER)
    expect(leaveAddress(none, 'x'.repeat(30), PAPER)).toBe(undefined)
  })

  test('is what letters are sent from', async () => {
    await using relay = await openRelay()
    await using world = await openWorld('sqlite', MORNING, { ...INBOUND, NASHRA_SMTP: relay.url })
    const list = await mailing(world, 3)
    const { id } = await edition(world, list)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const ids = new Map(list.readers.map((reader) => [reader.address, reader.subscriber_id]))
    expect(relay.received).toHaveLength(3)
    for (const { from, to } of relay.received)
      expect(aboutOf(world.keys, from.split('@')[0]!)).toEqual({ edition_id: id, subscriber_id: ids.get(to) })
  })
})

describe.each(databases)('suppressions on %s', (kind) => {
  test('are listed by how their reason begins and by a part of the address, and exported without formulas', async () => {
    await using world = await openWorld(kind, MORNING)
    await subscribers.suppress(world, 'test', 'Reader_One@inbox.example', 'bounced 5.1.1')
    await subscribers.suppress(world, 'test', 'readerxone@inbox.example', 'complaint')
    await subscribers.suppress(world, 'test', '=cmd@inbox.example', '=HYPERLINK("x")')
    const found = async (wanted: { reason?: string; search?: string }) =>
      (await subscribers.suppressions(world.db, wanted, 10)).map(({ address }) => address)
    expect(await found({})).toEqual(['=cmd@inbox.example', 'readerxone@inbox.example', 'Reader_One@inbox.example'])
    expect(await found({ reason: 'Bounced' })).toEqual(['Reader_One@inbox.example'])
    expect(await found({ search: 'reader_one' })).toEqual(['Reader_One@inbox.example'])
    expect(await found({ search: '%' })).toEqual([])
    expect(await found({ reason: 'complaint', search: 'INBOX' })).toEqual(['readerxone@inbox.example'])
    await world.db.updateTable('suppression').set({ address: null }).where('reason', '=', 'complaint').execute()
    expect(await found({ search: 'readerXone@inbox.example' })).toEqual([null])

    const csv = await written(world, 'csv')
    expect(csv.split('\r\n')).toEqual([
      '\ufeffemail,reason,actor,suppressed_at',
      `Reader_One@inbox.example,bounced 5.1.1,test,${MORNING}`,
      `,complaint,test,${MORNING}`,
      `'=cmd@inbox.example,"'=HYPERLINK(""x"")",test,${MORNING}`,
      '',
    ])
    expect(JSON.parse(await written(world, 'json'))).toHaveLength(3)
  })
})

async function written(world: World, as: 'csv' | 'json'): Promise<string> {
  const chunks: Buffer[] = []
  const output = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  await subscribers.exportSuppressions(world, {}, as, output)
  return Buffer.concat(chunks).toString()
}
