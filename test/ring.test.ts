import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as deliveries from '../src/deliveries/index.ts'
import { readRing } from '../src/keys.ts'
import { openApp } from '../src/open.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { edition, mailing } from './mailing.ts'
import { openRelay } from './relay.ts'
import { databases, openWorld } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const kinds = databases.filter((kind) => kind !== 'pglite')

describe.each(kinds)('the key ring on %s', (kind) => {
  test('is made while no letter is out; then a lost or another one is refused, until somebody says it is lost for good', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 3))
    const { config } = world
    const ring = config.secretFile
    const open = async (options = {}) => {
      const app = await openApp(config, options)
      await app.database.close()
      return [...app.keys.keys()]
    }
    rmSync(ring)
    expect(await open()).toEqual([1]) // nobody has a link yet
    const first = readFileSync(ring, 'utf8')
    expect(statSync(ring).mode & 0o777).toBe(0o600)
    const sender = await openApp(config)
    await deliveries.sendUntilEmpty({ ...sender, now: world.now }, { wait: 0 })
    await sender.database.close()
    rmSync(ring)
    await expect(open()).rejects.toMatchObject({ code: 'keys-lost', values: { file: ring } })
    expect(existsSync(ring)).toBe(false)
    writeFileSync(ring, `1 ${'A'.repeat(43)}\n`)
    await expect(open()).rejects.toMatchObject({ code: 'keys-other', values: { keys: '1' } })
    writeFileSync(ring, first)
    appendFileSync(ring, `2 ${'B'.repeat(43)}\n`) // rotation
    expect(await open()).toEqual([1, 2])
    writeFileSync(ring, `2 ${'B'.repeat(43)}\n`)
    await expect(open()).rejects.toMatchObject({ code: 'keys-other' })
    writeFileSync(ring, first) // a machine that has not heard of the second key
    await expect(open()).rejects.toMatchObject({ code: 'keys-other', values: { keys: '2' } })
    writeFileSync(ring, 'damaged')
    await expect(open()).rejects.toMatchObject({ code: 'file-unreadable' })
    expect(await open({ newKeys: true })).toEqual([1])
    expect(readdirSync(config.data).filter((name) => name.startsWith('secret.before-'))).toHaveLength(1)
    expect(await open()).toEqual([1])
    const [reader] = await world.db.selectFrom('subscription').select('id').execute()
    const { unsubscribe } = subscribers.tokens(world, { id: reader!.id, requested_at: null })
    const anew = { ...world, keys: readRing(ring)! }
    await expect(subscribers.leave(anew, unsubscribe, 'page', '::1')).rejects.toMatchObject({
      code: expect.any(String),
    })
  })

  test('a database of an older Nashra whose letters are out is not given a new one', async () => {
    await using relay = await openRelay()
    await using world = await openWorld(kind, MORNING, { NASHRA_SMTP: relay.url })
    await edition(world, await mailing(world, 3))
    await deliveries.sendUntilEmpty(world, { wait: 0 })
    expect(await world.db.selectFrom('ring_key').selectAll().execute()).toEqual([])
    rmSync(world.config.secretFile)
    await expect(openApp(world.config)).rejects.toMatchObject({ code: 'keys-lost' })
  })

  test('of eight processes that begin at once all have the same', async () => {
    await using world = await openWorld(kind, MORNING)
    rmSync(world.config.secretFile)
    const apps = await Promise.all(Array.from({ length: 8 }, () => openApp(world.config)))
    const rings = new Set(apps.map(({ keys }) => keys.get(1)!.toString('hex')))
    for (const app of apps) await app.database.close()
    expect(rings.size).toBe(1)
  })
})
