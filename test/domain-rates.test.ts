import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import { readConfig } from '../src/config.ts'
import { granted } from '../src/deliveries/domain-rates.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { Problem } from '../src/problem.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { MORNING, many, NONE, readersAt, send, until } from './domain-readers.ts'
import { edition } from './mailing.ts'
import { openRelay, type RelayServer } from './relay.ts'
import { databases, openWorld } from './world.ts'

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

/** The most letters in any second. */
function most(times: number[]): number {
  return Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length))
}
