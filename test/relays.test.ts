import { describe, expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { openShare } from '../src/deliveries/share.ts'
import * as digests from '../src/digests/index.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const NONE = { submitted: 0, refused: 0, deferred: 0, uncertain: 0, skipped: 0 }
const FAR = 'smtp://relay.example:25?sign=no' // never reached: the one before it works

describe.each(databases)('a relay’s limits on %s', (kind) => {
  test('a day’s letters are counted over all processes; then the next relay gets them, or the next day does', async () => {
    await using first = await openRelay()
    await using second = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${first.url}?day=5` })
    const { public_id } = await edition(world, await mailing(world, 20))
    const reason = expect.stringContaining('its 5 letters of the day are sent')
    const spent = { code: 'relay-unreachable', values: { reason } }
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject(spent)
    const another = kind === 'pglite' ? world : await world.again()
    await expect(deliveries.sendUntilEmpty(another, { wait: 0 })).rejects.toMatchObject(spent)
    expect(first.received).toHaveLength(5)
    world.clock.advance({ hours: 24 })
    await expect(deliveries.sendUntilEmpty(world, { wait: 0 })).rejects.toMatchObject(spent)
    expect(first.received).toHaveLength(10)
    const tried = await world.db.selectFrom('delivery').select('attempts').where('attempts', '>', 0).execute()
    expect(tried).toEqual([])
    Object.assign(world.config, {
      relays: [...world.config.relays, { ...world.config.relays[0], name: 'b', port: second.port, day: undefined }],
    })
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 10 })
    expect(second.received).toHaveLength(10)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 20, addsUp: true })
    if (another !== world) await another.database.close()
  })

  test('a relay that takes one letter on a line gets every letter once, and none loses a try', async () => {
    await using relay = await openRelay({ single: true })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=2` })
    await edition(world, await mailing(world, 40))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 40 })
    expect(new Set(relay.received.map(({ to }) => to)).size).toBe(40)
    expect(relay.seen).toHaveLength(40)
    const tried = await world.db.selectFrom('delivery').select('attempts').where('attempts', '>', 1).execute()
    expect(tried).toEqual([])
  })

  test('a relay that breaks off when something comes behind a dot does so once for each line', async () => {
    const broken = { dot: (_: unknown, __: number, ahead: boolean) => (ahead ? 'drop' : '250 2.0.0 queued') }
    await using relay = await openRelay(broken)
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=3` })
    const { public_id } = await edition(world, await mailing(world, 60))
    const { submitted, refused, deferred } = await deliveries.sendUntilEmpty(world, { wait: 10_000 })
    expect({ submitted, refused, deferred }).toEqual({ submitted: 60, refused: 0, deferred: 0 })
    expect(relay.received).toHaveLength(60)
    expect(relay.seen.length).toBeLessThanOrEqual(63)
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 60, addsUp: true })
  })

  test('a rate is kept by two senders together', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?rate=20&connections=4` })
    await edition(world, await mailing(world, 40))
    const another = kind === 'pglite' ? world : await world.again()
    const from = performance.now()
    const sent = await Promise.all([world, another].map((app) => deliveries.sendUntilEmpty(app, { wait: 0 })))
    expect(performance.now() - from).toBeGreaterThan(1500)
    expect(sent.reduce((sum, { submitted }) => sum + submitted, 0)).toBe(40)
    expect(await deliveries.expectedEnd(world)).toBeUndefined()
    if (another !== world) await another.database.close()
  })

  test('a letter now and then spends one of the day’s letters, whatever was taken ahead for its rate', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?rate=14&day=50000` })
    const list = await mailing(world, 3)
    const spent = async () => (await world.db.selectFrom('relay').select('day_n').executeTakeFirst())?.day_n
    for (let day = 24; day < 27; day++) {
      await edition(world, list, { day: `2026-11-${day}`, to: day })
      await deliveries.sendUntilEmpty(world, { wait: 0 })
    }
    expect(await spent()).toBe(9)
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    for (let day = 27; day < 30; day++) {
      await edition(world, list, { day: `2026-11-${day}`, to: day })
      await expect.poll(() => relay.received.length, { timeout: 10_000 }).toBe((day - 23) * 3)
      await expect.poll(spent, { timeout: 5000 }).toBe((day - 23) * 3) // also while it goes on running
    }
    stop.abort()
    await running
    expect(await spent()).toBe(18)
  })

  test('what one process took ahead and did not use, another may still send that day, and no letter more', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?day=3000` })
    await mailing(world, 1)
    const [configured] = world.config.relays
    await world.db.insertInto('relay').values({ name: configured!.name }).execute()
    const { id } = await world.db.selectFrom('relay').select('id').executeTakeFirstOrThrow()
    const shares = [1, 2, 3].map(() => openShare(world, configured!, id))
    const day = world.now().toString().slice(0, 10)
    await world.db.updateTable('relay').set({ day_on: day, day_n: 2950 }).execute()
    let got = 0
    let spent = 0
    for (let n = 0; spent < 3; n++) {
      const share = shares[n % 3]!
      const turn = await share.next()
      if (turn === 'spent') spent++
      else if (n % 4 === 0) share.back(turn)
      else got++
    }
    for (const share of shares) await share.close()
    expect(got).toBeLessThanOrEqual(50)
    const { day_n } = await world.db.selectFrom('relay').select('day_n').executeTakeFirstOrThrow()
    expect(day_n).toBe(2950 + got)
    const last = openShare(world, configured!, id)
    while ((await last.next()) !== 'spent') got++
    await last.close()
    expect(got).toBe(50)
  })

  test('the end of a sending is foretold where the rate is known', async () => {
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: 'smtp://127.0.0.1:9?rate=14' })
    await edition(world, await mailing(world, 1000))
    expect(await deliveries.expectedEnd(world)).toEqual({ letters: 1000, rate: 14, at: '2026-11-23T05:01Z' })
  })
})

describe.each(databases)('the first edition of a large list on %s', (kind) => {
  test('goes to 500, waits ten minutes and goes on; the next one goes at once', { timeout: 60_000 }, async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    const list = await mailing(world, 1100)
    const { public_id } = await edition(world, list)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 500 })
    world.clock.advance({ minutes: 9 })
    await digests.finishBegun(world, 'job')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)
    expect(await deliveries.heldBack(world.db, 'first')).toBe(600)
    world.clock.advance({ minutes: 1 })
    await digests.finishBegun(world, 'job')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 600 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ submitted: 1100, addsUp: true })
    await edition(world, list, { day: '2026-11-24', to: 20 })
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 1100 })
  })

  test('stops when one in twenty is refused, and somebody’s word lets it go on', { timeout: 60_000 }, async () => {
    const asked = new Set<string>()
    await using relay = await openRelay({
      rcpt: (to) => (asked.add(to) && /0@/.test(to) ? '550 5.1.1 no such user' : '250 ok'),
    })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    const { public_id } = await edition(world, await mailing(world, 1100))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(asked.size).toBeLessThanOrEqual(500)
    expect(await deliveries.heldBack(world.db, 'refusals')).toBeGreaterThanOrEqual(600)
    world.clock.advance({ hours: 2 })
    await digests.finishBegun(world, 'job')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual(NONE)
    expect(await digests.resume(world, 'cli', public_id)).toBe('frozen')
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(await deliveries.verify(world.db, public_id)).toMatchObject({ waiting: 0, submitted: 990, refused: 110 })
  })

  test('stops at the first letter that is refused for who we are', async () => {
    let nth = 0
    await using relay = await openRelay({
      dot: () => (nth++ === 5 ? '550 5.7.26 this sender is not trusted' : '250 ok'),
    })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url}?connections=2 ${FAR}` })
    await edition(world, await mailing(world, 1100))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ refused: 0 }) // its domain refuses us, not the reader
    expect(nth).toBeLessThan(15)
    expect(await deliveries.heldBack(world.db, 'refusals')).toBeGreaterThan(1080)
  })

  test('is not braked on loopback', { timeout: 60_000 }, async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 1100))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toEqual({ ...NONE, submitted: 1100 })
  })
})
