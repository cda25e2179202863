import Sqlite from 'better-sqlite3'
import { describe, expect, test } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as digests from '../src/digests/index.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const BLOCKED = '550 5.7.26 Your email has been blocked because the sender is unauthenticated (SPF, DKIM)'

/*
 * Whoever sends looks every second, or every few milliseconds while letters wait for their domain. On SQLite one process writes
 * at a time and each commit is a sync of the disk: looking must be neither.
 */
describe('a sender that has nothing to send', () => {
  test('does not ask to write', async () => {
    await using relay = await openRelay()
    await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 3))
    await atWork(world, async () => {
      await until(() => relay.received.length === 3)
      await expectNoWish(world)
    })
  })

  test('nor while letters of a held edition wait for a domain; they go when it may', async () => {
    await using relay = await openRelay({ rcpt: () => BLOCKED })
    await using world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: `${relay.url}?connections=1` })
    const list = await mailing(world, 3)
    for (const { subscriber_id } of list.readers) {
      const address = `r${subscriber_id}@big.example`
      const row = { address, address_hash: addressHash(email(address)) }
      await world.db.updateTable('subscriber').set(row).where('id', '=', subscriber_id).execute()
    }
    const { public_id } = await edition(world, list)
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    await digests.pause(world, 'cli', public_id)
    await deliveries.resumeDomain(world, 'cli', 'big.example')
    relay.script = {}
    await atWork(world, async () => {
      await expectNoWish(world)
      await digests.resume(world, 'cli', public_id)
      await until(() => relay.received.length === 3)
    })
  })
})

/** Another process writes for two seconds: whoever asked to do so meanwhile would hold our own connection for as long. */
async function expectNoWish(world: World): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 500)) // what was sent is written
  const other = new Sqlite(world.config.database)
  other.exec('begin immediate')
  try {
    for (let look = 0; look < 20; look++) {
      const from = performance.now()
      const late = new Promise<'late'>((resolve) => setTimeout(resolve, 1000, 'late'))
      const read = world.db.selectFrom('site').select('id').execute()
      expect(await Promise.race([read, late]), `at look ${look}`).not.toBe('late')
      await new Promise((resolve) => setTimeout(resolve, 100 - Math.min(99, performance.now() - from)))
    }
  } finally {
    other.exec('rollback')
    other.close()
  }
}

async function atWork(world: World, during: () => Promise<void>): Promise<void> {
  const end = new AbortController()
  const running = deliveries.run(world, end.signal)
  try {
    await during()
  } finally {
    end.abort()
    await running
  }
}

async function until(done: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!done() && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
  expect(done()).toBe(true)
}
