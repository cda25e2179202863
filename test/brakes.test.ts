import { describe, expect, test } from 'vitest'
import { instant } from '../db/instant.ts'
import * as bounces from '../src/bounces/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import * as editions from '../src/editions.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { health } from '../src/web/health.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const FAR = 'smtp://relay.example:25?sign=no' // never reached: the one before it works
const UNKNOWN = '550 5.1.1 User unknown in local recipient table'

describe.each(databases)('a relay that refuses everybody, on %s', (kind) => {
  test('stops an edition, strikes nobody off, and somebody’s word lets it go on', { timeout: 60_000 }, async () => {
    let broken = true
    await using relay = await openRelay({ rcpt: () => (broken ? UNKNOWN : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    const { public_id } = await edition(world, await mailing(world, 400))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    const { refused, waiting } = await deliveries.verify(world.db, public_id)
    expect(refused).toBeGreaterThanOrEqual(100)
    expect(waiting).toBeGreaterThan(100)
    expect(await deliveries.heldBack(world.db, editions.REFUSALS)).toBe(waiting)
    expect(world.logs.map(({ event }) => event)).toContain('an edition is held: too many of its letters are refused')
    expect((await health(world)).checks['editions']).toMatchObject({ status: 'degraded' })
    await bounces.noteRefusals(world)
    expect(await subscribers.suppressions(world.db, {}, 10)).toEqual([])
    expect(await kinds(world)).toEqual(['soft'])

    broken = false
    expect(await digests.resume(world, 'cli', public_id)).toBe('frozen')
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: waiting, refused: 0 })
    expect((await health(world)).checks['editions']).toEqual({ status: 'ok' })
  })

  test('a few that are refused are struck off at once, and nothing stops', { timeout: 60_000 }, async () => {
    await using relay = await openRelay({ rcpt: (to) => (/0@/.test(to) ? UNKNOWN : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    await edition(world, await mailing(world, 200))
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 180, refused: 20 })
    await bounces.noteRefusals(world)
    expect(await subscribers.suppressions(world.db, {}, 100)).toHaveLength(20)
  })

  test('what bounces suppressed can be lifted; a reader’s own no stays', async () => {
    await using world = await openWorld(kind, MORNING)
    await subscribers.suppress(world, 'bounce', 'one@inbox.example', 'bounced 5.1.1')
    world.clock.advance({ hours: 1 })
    await subscribers.suppress(world, 'bounce', 'two@inbox.example', 'bounced 5.1.1')
    await subscribers.suppress(world, 'bounce', 'three@inbox.example', 'mailbox full')
    await subscribers.suppress(world, 'bounce', 'angry@inbox.example', 'complaint')
    const since = instant(world.now())
    const addresses = async () => (await subscribers.suppressions(world.db, {}, 10)).map(({ address }) => address)
    expect(await subscribers.lift(world, 'cli', { since, dry: true })).toBe(2)
    expect(await addresses()).toHaveLength(4)
    expect(await subscribers.lift(world, 'cli', { since })).toBe(2)
    expect(await addresses()).toEqual(['angry@inbox.example', 'one@inbox.example'])
    await expect(subscribers.lift(world, 'cli', { address: 'angry@inbox.example' })).rejects.toMatchObject({
      code: 'suppression-stays',
    })
    await expect(subscribers.lift(world, 'cli', { address: 'two@inbox.example' })).rejects.toMatchObject({
      code: 'not-suppressed',
    })
    expect(await subscribers.lift(world, 'cli', { address: 'One@inbox.example' })).toBe(1)
  })
})

describe.each(databases)('the first edition of a large list on %s', (kind) => {
  test.each([
    ['554 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org', editions.REFUSALS],
    ['550 5.7.1 access denied', editions.REFUSALS],
    ['550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required', editions.FIRST],
  ])('stops at one no to who we are, and at no mailbox’s own rules: «%s»', { timeout: 60_000 }, async (no, reason) => {
    await using relay = await openRelay({ rcpt: (to) => (/-3@/.test(to) ? no : '250 ok') })
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    await edition(world, await mailing(world, 1100))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(await deliveries.heldBack(world.db, reason)).toBeGreaterThanOrEqual(600)
  })

  test('stays held when bounces come in meanwhile', { timeout: 60_000 }, async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: `${relay.url} ${FAR}` })
    const list = await mailing(world, 1100)
    const { id } = await edition(world, list)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 500 })
    const sent = new Set(relay.received.map(({ to }) => to))
    const back = list.readers.filter(({ address }) => sent.has(address)).slice(0, 30)
    const row = { edition_id: id, kind: 'hard', status: '5.1.1', words: '', domain: 'example.org', via: 'postmark' }
    await world.db
      .insertInto('bounce')
      .values(back.map(({ subscriber_id }) => ({ ...row, subscriber_id, at: instant(world.now()) })))
      .execute()
    world.clock.advance({ minutes: 11 })
    await digests.finishBegun(world, 'job')
    expect(await deliveries.heldBack(world.db, editions.REFUSALS)).toBe(600)
    expect(await deliveries.sendUntilEmpty(world, { wait: 0 })).toMatchObject({ submitted: 0 })
  })
})

async function kinds(world: World): Promise<string[]> {
  const rows = await world.db.selectFrom('bounce').select('kind').distinct().execute()
  return rows.map((row) => row.kind)
}
