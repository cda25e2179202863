import { copyFileSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import * as backups from '../src/backups/index.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { openApp } from '../src/open.ts'
import { Problem } from '../src/problem.ts'
import { edition, mailing } from './mailing.ts'
import { startProgram } from './program.ts'
import { openRelay } from './relay.ts'
import { openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const KILLED_AT = [/^secret\..{36}$/, /^secret\.before-/, /^nashra\.db\.before-/] // when such a file appears

test('a restore that is killed leaves a whole database with its own ring, or one that is refused; the next restore ends it', {
  timeout: 180_000,
}, async () => {
  await using relay = await openRelay()
  await using saved = await openWorld('sqlite', MORNING)
  await mailing(saved, 300)
  const file = join(saved.config.data, 'b.tar')
  await backups.make(saved, file)
  const seen = new Map<unknown, number>()
  for (const name of KILLED_AT) {
    await using world = await underWay(relay.url)
    const running = startProgram(world, ['restore', file, '--over'])
    await appeared(world, name)
    running.process.kill('SIGKILL')
    await running.ended
    const found = await readersIn(world)
    seen.set(found, (seen.get(found) ?? 0) + 1)
    expect([5, 300, 'keys-other']).toContain(found)
    await backups.restore(world.config, file, { over: true, now: Temporal.Now.instant() })
    expect(await readersIn(world)).toBe(300)
  }
  console.log('killed restores left', Object.fromEntries(seen))
})

test('between the two names that it changes, what is there is refused, and a restore ends it', async () => {
  await using relay = await openRelay()
  await using saved = await openWorld('sqlite', MORNING)
  await mailing(saved, 20)
  const file = join(saved.config.data, 'b.tar')
  await backups.make(saved, file)
  await using world = await underWay(relay.url)
  copyFileSync(world.config.secretFile, `${world.config.secretFile}.before-20261123T050000Z`)
  copyFileSync(saved.config.secretFile, world.config.secretFile)
  expect(await readersIn(world)).toBe('keys-other')
  expect(await backups.restore(world.config, file, { over: true, now: world.now() })).toMatchObject({ keys: 'same' })
  expect(await readersIn(world)).toBe(20)
})

/** A paper with five readers whose letters are out, and nobody at work. */
async function underWay(relay: string): Promise<World> {
  const world = await openWorld('sqlite', MORNING, { NASHRA_SMTP: relay })
  mkdirSync(world.config.media, { recursive: true })
  await edition(world, await mailing(world, 5))
  await deliveries.sendUntilEmpty(world, { wait: 0 })
  await world.database.close()
  expect(await readersIn(world)).toBe(5) // and the database knows its ring
  return world
}

/** How many readers the database has; or the Problem of whoever opens it. */
async function readersIn({ config }: World): Promise<number | string> {
  try {
    const app = await openApp(config)
    const rows = await app.db.selectFrom('subscriber').select('id').execute()
    await app.database.close()
    return rows.length
  } catch (error) {
    if (error instanceof Problem) return error.code
    throw error
  }
}

async function appeared({ config }: World, name: RegExp): Promise<void> {
  const deadline = performance.now() + 20_000
  const isThere = () => readdirSync(config.data).some((file) => name.test(file))
  while (!isThere() && performance.now() < deadline) await new Promise((resolve) => setImmediate(resolve))
}
