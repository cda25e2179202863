import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { health } from '../src/web/health.ts'
import { edition, mailing, told } from './mailing.ts'
import { openRelay } from './relay.ts'
import { reasons, rowOf } from './sent-rows.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }

describe.each(databases)('deliveries on %s', (kind) => {
  async function open(url: string, environment: Record<string, string> = {}): Promise<World> {
    return openWorld(kind, MORNING, { NASHRA_SMTP: url, NASHRA_RETRY: '1m,5m', ...environment })
  }

  test('without a relay health tells of the letters that wait, and the list of editions names theirs', async () => {
    await using world = await openWorld(kind, MORNING)
    expect((await health(world)).checks['sending']).toEqual({ status: 'ok' })
    const { public_id } = await edition(world, await mailing(world, 3))
    expect((await health(world)).checks['sending']).toMatchObject({
      status: 'degraded',
      detail: '3 letters wait, and there is no relay (NASHRA_SMTP, or the desk’s settings)',
    })
    const listed = { edition: public_id, state: 'frozen', recipients: 3, waiting: 3, submitted: 0 }
    expect(await deliveries.latest(world.db, {})).toMatchObject([listed])
    expect(await deliveries.latest(world.db, { digest: 'nothing-like-it' })).toEqual([])
    await expect(deliveries.latest(world.db, { limit: 0 })).rejects.toMatchObject({ code: 'bad-number' })
  })

  test('every reader gets the letter once, and a second run sends none', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 25)
    const { public_id, id } = await edition(world, list)

    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 25 })
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)

    expect(relay.received.map((letter) => letter.to).sort()).toEqual(
      list.readers.map((reader) => reader.address).sort(),
    )
    const first = list.readers[0]!
    const letter = relay.received.find((one) => one.to === first.address)!
    expect(letter).toMatchObject({ from: 'paper@news.example', id: `<e${public_id}.${first.public_id}@news.example>` })
    expect(letter.source).toContain(`To: ${first.address}\r\n`)
    expect(letter.source).toContain('List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n')
    expect(letter.source).toContain('List-Id: ')
    expect(await deliveries.verify(world.db, public_id)).toEqual({
      ...{ edition: public_id, recipients: 25, submitted: 25, refused: 0, skipped: 0, uncertain: 0, waiting: 0 },
      ...{ state: 'done', reason: null, reconciled: true, doubted: [], paused: [], addsUp: true },
    })
    expect(await stateOf(world, id)).toBe('done')
    const row = await world.db
      .selectFrom('delivery')
      .selectAll()
      .where('edition_id', '=', id)
      .limit(1)
      .executeTakeFirstOrThrow()
    expect(row).toMatchObject({
      state: 'submitted',
      reply: '250 2.0.0 queued',
      submitted_at: instant(world.now()),
      attempts: 0,
      sender_id: null,
    })
    expect(await world.db.selectFrom('sender').selectAll().execute()).toEqual([])
  })

  test('without a relay or a sender nothing changes and the reason is said', async () => {
    await using world = await openWorld(kind, MORNING, { NASHRA_FROM: '', NASHRA_SMTP: '' })
    const { id } = await edition(world, await mailing(world, 2))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'no-relay' })
    Object.assign(world.config, {
      relays: [{ name: 'relay.test:25', host: '127.0.0.1', port: 9, secure: false, connections: 1, sign: true }],
    })
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'no-sender' })
    expect(await deliveries.progress(world.db, id)).toMatchObject({ waiting: 2 })
    expect(await world.db.selectFrom('sender').selectAll().execute()).toEqual([])
  })

  test('an unreachable relay is named and costs no letter a try', async () => {
    const relay = await openRelay()
    await relay.close()
    await using world = await open(relay.url)
    const { id } = await edition(world, await mailing(world, 30))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({
      code: 'relay-unreachable',
      values: { relay: `127.0.0.1:${relay.port}`, reason: expect.stringContaining('ECONNREFUSED') },
    })
    const rows = await world.db
      .selectFrom('delivery')
      .select(['state', 'attempts'])
      .where('edition_id', '=', id)
      .execute()
    expect(rows.every((row) => row.state === 'queued' && row.attempts === 0)).toBe(true)
    expect(await world.db.selectFrom('relay').selectAll().executeTakeFirst()).toMatchObject({
      reason: expect.stringContaining('ECONNREFUSED'),
    })
  })

  test('the second relay takes over when the first does not answer', async () => {
    const dead = await openRelay()
    await dead.close()
    await using relay = await openRelay()
    await using world = await open(`${dead.url} ${relay.url}`)
    await edition(world, await mailing(world, 30))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 30 })
    expect(relay.received).toHaveLength(30)
  })

  test('a reader who is refused for good is not asked again, and stands where he stood before', async () => {
    await using relay = await openRelay({
      rcpt: (to) => (to.startsWith('morning-1@') ? '550 5.1.1 no such user' : '250 ok'),
    })
    await using world = await open(relay.url)
    const list = await mailing(world, 3)
    const { id } = await edition(world, list)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 2, refused: 1 })
    expect(await rowOf(world, id, list.readers[1]!)).toMatchObject({
      state: 'refused',
      reply: '550 5.1.1 no such user',
    })
    expect(await told(world, list, list.readers[1]!)).toBe(0)
    expect(await told(world, list, list.readers[0]!)).toBe(10)
  })

  test('a deferred letter is tried again after each pause, with the same Message-ID, and in the end its stories count as untold', async () => {
    await using relay = await openRelay({ rcpt: () => '450 4.2.0 busy' })
    await using world = await open(relay.url)
    const list = await mailing(world, 1)
    const { id, public_id } = await edition(world, list)
    const seen: unknown[] = []
    for (let minute = 0; minute < 20; minute++) {
      await deliveries.sendUntilEmpty(world, { wait: 0 })
      const { state, attempts } = await rowOf(world, id, list.readers[0]!)
      if (seen.at(-1) !== `${state} ${attempts}`) seen.push(`${state} ${attempts}`)
      world.clock.advance({ minutes: 1 })
    }
    expect(seen).toEqual(['deferred 1', 'deferred 2', 'skipped 3'])
    expect(await rowOf(world, id, list.readers[0]!)).toMatchObject({ reason: 'superseded', reply: '450 4.2.0 busy' })
    expect(await told(world, list, list.readers[0]!)).toBe(0)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ skipped: 1, addsUp: true })
    expect(await stateOf(world, id)).toBe('done')
  })

  test('a deferred letter arrives when the relay takes it', async () => {
    let busy = true
    await using relay = await openRelay({ dot: () => (busy ? '451 4.3.0 later' : '250 ok') })
    await using world = await open(relay.url)
    await edition(world, await mailing(world, 5))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, deferred: 5 })
    busy = false
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)
    world.clock.advance({ minutes: 2 })
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 5 })
    expect(new Set(relay.seen.map((letter) => letter.id)).size).toBe(5)
  })

  test('a relay that speaks of its own limits pauses, and no letter loses a try', async () => {
    await using relay = await openRelay({ rcpt: () => '454 4.7.0 Throttling failure: Maximum sending rate exceeded' })
    await using world = await open(relay.url)
    const { id } = await edition(world, await mailing(world, 20))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({ code: 'relay-unreachable' })
    const rows = await world.db
      .selectFrom('delivery')
      .select(['state', 'attempts'])
      .where('edition_id', '=', id)
      .execute()
    expect(rows.every((row) => row.state === 'queued' && row.attempts === 0)).toBe(true)
  })

  test('a relay that repeats the reader’s address does not bring it into the log, the database or the answer', async () => {
    await using relay = await openRelay({ rcpt: (to) => `454 4.7.1 <${to}>: Relay access denied` })
    await using world = await open(relay.url)
    await edition(world, await mailing(world, 2))
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject({
      values: { reason: expect.stringContaining('m…@example.org') },
    })
    const told = JSON.stringify([world.logs, await world.db.selectFrom('relay').selectAll().execute()])
    expect(told).toContain('m…@example.org')
    expect(told).not.toContain('morning-')
  })

  test('a full mailbox is the reader’s matter, not the relay’s', async () => {
    await using relay = await openRelay({
      rcpt: (to) => (to.startsWith('morning-0@') ? '452 4.2.2 The account is over its sending quota' : '250 ok'),
    })
    await using world = await open(relay.url)
    await edition(world, await mailing(world, 4))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 3, deferred: 1 })
  })

  test('what may have arrived is submitted again at once with the same Message-ID, and is known for ever', async () => {
    let dropped = 0
    await using relay = await openRelay({ dot: () => (dropped++ < 1 ? 'drop' : '250 ok') })
    await using world = await open(relay.url)
    const list = await mailing(world, 6)
    const { public_id } = await edition(world, list)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 6, uncertain: 1 })
    expect(relay.seen).toHaveLength(7)
    const doubtful = relay.seen[0]!
    expect(relay.received.filter((letter) => letter.id === doubtful.id)).toHaveLength(1)
    expect(same(relay.received.find((letter) => letter.id === doubtful.id)!)).toEqual(same(doubtful))
    const verdict = await deliveries.verify(world.db, public_id)
    expect(verdict).toMatchObject({ submitted: 6, uncertain: 0, addsUp: true })
    expect(verdict.doubted).toEqual([list.readers.find((reader) => reader.address === doubtful.to)!.public_id])
  })

  test('confirmations go before editions, also to suppress nothing twice', async () => {
    await using relay = await openRelay()
    await using world = await open(`${relay.url}?connections=1`)
    const list = await mailing(world, 3)
    await edition(world, list)
    const { subscriber_id, subscription_id } = list.readers[2]!
    await deliveries.ask(
      world.db,
      { kind: 'confirm', subscriber_id, subscription_id, language: 'ar' },
      instant(world.now()),
    )
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 4 })
    expect(relay.received[0]).toMatchObject({ to: list.readers[2]!.address, id: expect.stringMatching(/^<n\d+\./) })
    expect(relay.received[0]!.source).not.toContain('List-Unsubscribe')
  })

  test('who was suppressed, left or pauses when it is claimed gets nothing', async () => {
    await using relay = await openRelay()
    await using world = await open(relay.url)
    const list = await mailing(world, 4)
    const { id } = await edition(world, list)
    const [suppressed, left, paused] = list.readers
    const at = instant(world.now())
    const hash = await world.db
      .selectFrom('subscriber')
      .select('address_hash')
      .where('id', '=', suppressed!.subscriber_id)
      .executeTakeFirstOrThrow()
    await world.db
      .insertInto('suppression')
      .values({ ...hash, reason: 'manual', actor: 'cli', created_at: at })
      .execute()
    await world.db.updateTable('subscription').set({ state: 'left' }).where('id', '=', left!.subscription_id).execute()
    await world.db
      .updateTable('subscription')
      .set({ paused_until: instant(world.now().add({ hours: 48 })) })
      .where('id', '=', paused!.subscription_id)
      .execute()
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 1, skipped: 3 })
    expect(await reasons(world, id)).toEqual(['left', 'paused', 'suppressed'])
    expect(await told(world, list, paused!)).toBe(0)
  })

  test('who leaves is skipped at once, also for a waiting notice', async () => {
    await using world = await open('smtp://127.0.0.1:9')
    const list = await mailing(world, 2)
    const { id } = await edition(world, list)
    const { subscriber_id, subscription_id } = list.readers[0]!
    await deliveries.ask(
      world.db,
      { kind: 'welcome', subscriber_id, subscription_id, language: 'ar' },
      instant(world.now()),
    )
    expect(await deliveries.skipFor(world.db, subscription_id)).toBe(2)
    expect(await deliveries.progress(world.db, id)).toMatchObject({ waiting: 1, skipped: 1 })
    expect(await told(world, list, list.readers[0]!)).toBe(0)
  })
})

async function stateOf(world: World, id: number): Promise<string> {
  return (await world.db.selectFrom('edition').select('state').where('id', '=', id).executeTakeFirstOrThrow()).state
}

/** From, To and Subject byte for byte. */
function same(letter: { source: string }): string[] {
  return ['From', 'To', 'Subject', 'Message-ID'].map(
    (name) => new RegExp(`^${name}:.*(?:\r\n[ \t].*)*`, 'm').exec(letter.source)![0],
  )
}
