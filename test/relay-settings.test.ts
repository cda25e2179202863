import { describe, expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { openSession } from '../src/deliveries/session.ts'
import { Problem } from '../src/problem.ts'
import * as relaySettings from '../src/relay-settings.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld } from './world.ts'

const PASSWORD = 'not-for-the-trail'

describe.each(databases)('relays that are set at the desk, on %s', (kind) => {
  test('take the letters that wait, without a new start; others that are set later take the next', async () => {
    await using one = await openRelay()
    await using other = await openRelay()
    await using world = await openWorld(kind, new Date().toISOString())
    const list = await mailing(world, 3)
    await edition(world, list, { day: '2026-12-01', to: 10 })
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    await relaySettings.set(world, 'cli', one.url)
    await until(() => one.received.length === 3)
    await relaySettings.set(world, 'cli', `${other.url}?connections=2`)
    await edition(world, list, { day: '2026-12-02', to: 20 })
    deliveries.wake(world)
    await until(() => other.received.length === 3)
    stop.abort()
    await running
    expect(one.received).toHaveLength(3)
  }, 40_000)

  test.each(['this process', 'another one'])(
    'take an edition over in its midst when %s sets them, and no letter goes to both',
    async (who) => {
      await using one = await openRelay({ dot: () => slowly('250 2.0.0 queued') })
      await using other = await openRelay()
      await using world = await openWorld(kind, new Date().toISOString())
      await edition(world, await mailing(world, 200), { day: '2026-12-01', to: 10 })
      await relaySettings.set(world, 'cli', `${one.url}?connections=1`)
      const stop = new AbortController()
      const running = deliveries.run(world, stop.signal)
      await until(() => one.received.length >= 3)
      await using elsewhere = await world.again()
      await relaySettings.set(who === 'this process' ? world : elsewhere, 'cli', other.url)
      await until(() => one.received.length + other.received.length >= 200)
      stop.abort()
      await running
      expect(one.received.length).toBeLessThan(150)
      expect(new Set([...one.received, ...other.received].map(({ to }) => to)).size).toBe(200)
      expect(one.received.length + other.received.length).toBe(200)
    },
    60_000,
  )

  test('take over also from one that says it is busy on one line and nothing at all on the others', async () => {
    let nth = 0
    await using one = await openRelay({ dot: () => (nth++ === 0 ? '421 4.7.0 busy' : new Promise(() => {})) })
    await using other = await openRelay()
    await using world = await openWorld(kind, new Date().toISOString())
    await edition(world, await mailing(world, 30), { day: '2026-12-01', to: 10 })
    await relaySettings.set(world, 'cli', `${one.url}?connections=3`)
    const stop = new AbortController()
    const running = deliveries.run(world, stop.signal)
    await until(() => one.seen.length >= 3)
    await relaySettings.set(world, 'cli', other.url)
    await until(() => new Set(other.received.map(({ to }) => to)).size === 30)
    stop.abort()
    await running
    expect(other.received).toHaveLength(30)
  }, 60_000)

  test('get every letter claimed after they are set, also when a sender begins in that moment', async () => {
    await using one = await openRelay()
    await using other = await openRelay()
    await using world = await openWorld(kind, new Date().toISOString())
    const list = await mailing(world, 1)
    for (let step = 0; step < 40; step++) {
      await relaySettings.set(world, 'cli', one.url)
      const opening = openSession(world, new AbortController().signal)
      for (let turn = 0; turn < step; turn++) await new Promise((resolve) => setImmediate(resolve))
      await relaySettings.set(world, 'cli', other.url)
      const day = Temporal.PlainDate.from('2026-12-01').add({ days: step }).toString()
      await edition(world, list, { day, to: step + 1 })
      const session = await opening
      await session.round()
      await session.close()
    }
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect([one.received.length, other.received.length]).toEqual([0, 40])
  }, 60_000)

  test('may be taken away in the midst of an edition: what is left waits for others', async () => {
    await using one = await openRelay({ dot: () => slowly('250 2.0.0 queued') })
    await using other = await openRelay()
    await using world = await openWorld(kind, new Date().toISOString())
    await edition(world, await mailing(world, 60), { day: '2026-12-01', to: 10 })
    await relaySettings.set(world, 'cli', `${one.url}?connections=1`)
    const sending = deliveries.sendUntilEmpty(world, { wait: 0 })
    const refused = expect(sending).rejects.toMatchObject({ code: 'no-relay' })
    await until(() => one.received.length >= 3)
    await relaySettings.set(world, 'cli', '')
    await refused
    expect(one.received.length).toBeLessThan(30)
    await relaySettings.set(world, 'cli', other.url)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 60 - one.received.length })
    expect(new Set([...one.received, ...other.received].map(({ to }) => to)).size).toBe(60)
  }, 60_000)

  test('are sealed, named by their hosts alone, and known to the next process', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    await relaySettings.set(world, 'cli', `smtps://desk:${PASSWORD}@relay.example:465\nsmtp://127.0.0.1:2525`)
    expect(relaySettings.relaysOf(world).map(({ name }) => name)).toEqual(['relay.example:465', '127.0.0.1:2525'])
    const rows = [
      await world.db.selectFrom('sealed').selectAll().execute(),
      await world.db.selectFrom('change').selectAll().execute(),
    ]
    expect(JSON.stringify(rows)).not.toContain(PASSWORD)
    expect(JSON.stringify(rows[1])).toContain('relay.example:465')
    await relaySettings.set(world, 'cli', '')
    expect(relaySettings.relaysOf(world)).toEqual([])
  })

  test('are refused in words that repeat no password, and while the environment names some', async () => {
    await using world = await openWorld(kind, '2026-12-01T08:00:00Z')
    for (const wrong of [
      'relay.example',
      `smtp://desk:p@ss/${PASSWORD}@relay.example`,
      `smtp://d:${PASSWORD}%zz@r.example`,
    ]) {
      const refused = await relaySettings.set(world, 'cli', wrong).catch((error: Problem) => error)
      expect(refused).toBeInstanceOf(Problem)
      expect(JSON.stringify((refused as Problem).values)).not.toContain(PASSWORD)
    }
    const set = { ...world, config: { ...world.config, relays: relaySettings.checked('smtp://127.0.0.1:25') } }
    await expect(relaySettings.set(set, 'cli', '')).rejects.toMatchObject({ code: 'relays-elsewhere' })
  })
})

async function slowly(answer: string): Promise<string> {
  await new Promise((resolve) => setTimeout(resolve, 60))
  return answer
}

async function until(come: () => boolean): Promise<void> {
  for (let waited = 0; !come(); waited += 50) {
    if (waited > 15_000) throw new Error('it has not come')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

test('a server is spelled as its provider names it, whatever its password holds', () => {
  const place = { host: 'smtp.provider.example', port: '587', user: 'me@paper.example', password: 'a:b/c@d?#%' }
  const [relay] = relaySettings.checked(relaySettings.spelled(place))
  expect(relay).toMatchObject({
    name: 'smtp.provider.example:587',
    secure: false,
    user: place.user,
    password: place.password,
  })
  expect(relaySettings.checked(relaySettings.spelled({ ...place, port: '465' }))[0]).toMatchObject({ secure: true })
  expect(relaySettings.spelled({ ...place, host: 'smtps://u:p@relay.example:465' })).toBe(
    'smtps://u:p@relay.example:465',
  )
  for (const wrong of [{ host: '' }, { host: 'a b' }, { host: 'u@h' }, { port: '0' }, { port: '66000' }, { port: 'x' }])
    expect(() => relaySettings.spelled({ ...place, ...wrong })).toThrow('bad-relay-place')
})
