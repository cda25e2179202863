import { describe, expect, test } from 'vitest'
import { instant, later } from '../db/instant.ts'
import { forgetLetters } from '../jobs/forget-letters.ts'
import { forgetTrail } from '../jobs/forget-trail.ts'
import * as accounts from '../src/accounts/index.ts'
import * as backups from '../src/backups/index.ts'
import * as changes from '../src/changes.ts'
import { readConfig } from '../src/config.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { sentence } from '../src/locale.ts'
import type { Problem } from '../src/problem.ts'
import * as retention from '../src/retention.ts'
import { edition, type Mailing, mailing, type Reader } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const NOW = '2026-12-01T08:00:00Z'
const DAY = 86_400_000

describe.each(databases)('what is kept on %s', (kind) => {
  test('is as usual until somebody says otherwise, within bounds, and the trail tells what was before', async () => {
    await using world = await openWorld(kind, NOW)
    expect((await retention.show(world, world.db)).letters).toEqual({ days: null, said: 'usual' })
    await retention.set(world, 'cli', { letters: '400d', backups: '14', sessions: '30' })
    expect(await retention.show(world, world.db)).toMatchObject({
      letters: { days: 400, said: 'site' },
      backups: { days: 14, said: 'site' },
      sessions: { days: 30, said: 'usual' },
    })
    await retention.set(world, 'cli', { letters: 'ever' })
    await retention.set(world, 'cli', { letters: '' })
    expect(await retention.of(world, world.db, 'letters')).toBeNull()
    const lines = await world.db.selectFrom('change').select(['before', 'after']).orderBy('id').execute()
    expect(lines).toEqual([
      { before: '{"letters":null,"backups":7}', after: '{"letters":400,"backups":14}' },
      { before: '{"letters":400}', after: '{"letters":null}' },
    ])
    for (const wish of [{ letters: '89' }, { trail: '3651' }, { imports: '0' }, { sessions: 'ever' }, { backups: '1' }, { files: '-1' }, { files: '1.5' }]) // biome-ignore format: one list
      await expect(retention.set(world, 'cli', wish)).rejects.toMatchObject({ status: 422 })
    expect(await retention.of(world, world.db, 'imports')).toBe(30)
  })

  test('is as the environment says, and cannot be changed elsewhere then', async () => {
    await using world = await openWorld(kind, NOW, { NASHRA_KEEP: 'letters=400d, trail=ever backups=3' })
    expect(await retention.show(world, world.db)).toMatchObject({
      letters: { days: 400, said: 'environment' },
      trail: { days: null, said: 'environment' },
      backups: { days: 3, said: 'environment' },
    })
    await expect(retention.set(world, 'cli', { letters: '100' })).rejects.toMatchObject({ code: 'keeping-elsewhere' })
  })

  test('letters that are older go at night with what came back, while the numbers of their editions stay', async () => {
    await using world = await openWorld(kind, NOW)
    const paper = await mailing(world, 1200)
    const few = paper.readers.slice(0, 3)
    const old = await sent(world, paper, { day: '2026-08-01', ago: 100, readers: paper.readers })
    const odd = await sent(world, paper, { day: '2026-08-02', ago: 100, readers: few })
    const young = await sent(world, paper, { day: '2026-08-03', ago: 80, readers: few })
    await world.db.updateTable('tally').set({ n: 7 }).where('edition_id', '=', odd.id).execute()
    const rows = async () => (await world.db.selectFrom('delivery').select('edition_id').execute()).map((row) => row.edition_id) // biome-ignore format: one line
    await forgetLetters.run(world, AbortSignal.timeout(60_000))
    expect(await rows()).toHaveLength(1206)
    await retention.set(world, 'cli', { letters: '90' })
    await forgetLetters.run(world, AbortSignal.timeout(60_000))
    expect(new Set(await rows())).toEqual(new Set([odd.id, young.id]))
    expect(await deliveries.verify(world.db, old.public_id)).toMatchObject({
      ...{ submitted: 1200, recipients: 1200, reconciled: true, addsUp: true },
      forgotten_at: '2026-12-01T08:00:00Z',
    })
    expect((await deliveries.verify(world.db, odd.public_id)).reconciled).toBe(false)
    expect(world.logs).toContainEqual(expect.objectContaining({ details: { edition: odd.public_id } }))
    const left = async (table: 'bounce' | 'notice') => (await world.db.selectFrom(table).select('id').execute()).length
    expect([await left('bounce'), await left('notice')]).toEqual([2, 1])
  })

  test('the trail forgets what is older, but for what Nashra goes by', async () => {
    await using world = await openWorld(kind, NOW)
    const long = later(instant(world.now()), -500 * DAY)
    const verbs = [
      'article.publish',
      'subscription.prefer',
      'subscription.hour',
      'source.set',
      'source.add',
      'site.set',
    ]
    await changes.record(world.db, 'cli', long, verbs.map((verb) => ({ verb, subject: 'x' }))) // biome-ignore format: one line
    await changes.record(world.db, 'cli', instant(world.now()), [{ verb: 'article.publish', subject: 'new' }])
    const left = async () =>
      (await world.db.selectFrom('change').select(['verb', 'subject']).orderBy('id').execute()).map(
        ({ verb, subject }) => `${verb} ${subject}`,
      )
    await forgetTrail.run(world, AbortSignal.timeout(60_000))
    expect(await left()).toHaveLength(7)
    await retention.set(world, 'cli', { trail: '365' })
    await forgetTrail.run(world, AbortSignal.timeout(60_000))
    expect(await left()).toEqual([
      'subscription.prefer x',
      'subscription.hour x',
      'source.set x',
      'source.add x',
      'article.publish new',
      'retention.set site',
    ])
  })

  test('who is signed in signs in anew after so many days, read live', async () => {
    await using world = await openWorld(kind, NOW)
    const { token } = await accounts.invite(world, 'cli', { address: 'a@news.example', roles: [{ role: 'owner', list: 0 }] }) // biome-ignore format: one line
    const entered = await accounts.accept(world, token, { password: 'correct horse battery', name: '', address: '', language: 'en' }, { agent: '', network: '198.51.100.7' }) // biome-ignore format: one line
    const cookie = (entered as accounts.Inside).token
    const stay = async (hours: number) => {
      for (let n = 0; n < hours; n += 8) {
        world.clock.advance({ hours: 8 })
        if (!(await accounts.visitor(world, cookie))) return false
      }
      return true
    }
    expect(await stay(48)).toBe(true)
    await retention.set(world, 'cli', { sessions: '2' })
    expect(await stay(8)).toBe(false)
    await retention.set(world, 'cli', { sessions: '3' })
    expect(await accounts.visitor(world, cookie)).toBeDefined()
    await accounts.forget(world)
    expect(await accounts.visitor(world, cookie)).toBeDefined()
  })

  test.runIf(kind === 'sqlite')('as many nightly backups as are wanted', async () => {
    await using world = await openWorld(kind, NOW)
    await retention.set(world, 'cli', { backups: '2' })
    for (let night = 0; night < 4; night++) {
      world.clock.advance({ hours: 24 })
      await backups.nightly(world)
    }
    expect((await backups.kept(world)).filter(({ name }) => name.startsWith('nightly-'))).toHaveLength(2)
  })
})

test.each([
  ['letters=10', /NASHRA_KEEP: letters= takes a whole number from 90 to 3650, or ever/],
  ['backups=ever', /NASHRA_KEEP: backups= takes a whole number from 2 to 60\.$/],
  ['post=90', /NASHRA_KEEP: «post» is none of letters, trail/],
])('NASHRA_KEEP=%s is refused in words', (value, words) => {
  try {
    readConfig({ NASHRA_KEEP: value })
    throw new Error('it was accepted')
  } catch (error) {
    expect(sentence('en', error as Problem)).toMatch(words)
  }
})

/** An edition that these readers got so many days ago; one letter of it came back, and a welcome went with it. */
async function sent(world: World, of: Mailing, { day, ago, readers }: { day: string; ago: number; readers: Reader[] }) {
  const { db } = world
  const at = later(instant(world.now()), -ago * DAY)
  const { id, public_id } = await edition(world, of, { day, readers })
  await db.updateTable('delivery').set({ state: 'submitted', submitted_at: at }).where('edition_id', '=', id).execute()
  await db.updateTable('tally').set({ state: 'submitted' }).where('edition_id', '=', id).execute()
  await db.updateTable('edition').set({ state: 'done', done_at: at }).where('id', '=', id).execute()
  const { subscriber_id, subscription_id } = readers[0]!
  await db
    .insertInto('bounce')
    .values({
      subscriber_id,
      edition_id: id,
      kind: 'soft',
      status: null,
      words: '',
      domain: 'x.example',
      via: 'mail',
      at,
    })
    .execute()
  const letter = { kind: 'welcome', subscriber_id, subscription_id, language: 'ar', state: 'submitted', attempts: 1 }
  await db
    .insertInto('notice')
    .values({ ...letter, due_at: at, created_at: at })
    .execute()
  return { id, public_id }
}
