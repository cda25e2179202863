import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { addressHash, email } from '../src/address.ts'
import * as leftLog from '../src/left-log.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { databases, type Kind, openWorld, type World } from './world.ts'
import { writable } from './writable.ts'

const NOW = '2026-11-23T04:10:00Z'
const READS = 'email,name\na@example.org,Amal\nb@example.org,Bahar\n'
const LEFT = 'email,unsub_time\na@example.org,2021-01-01 10:00:00\n'
const LEFT_TOO = 'email,state\na@example.org,unsubscribed\n'
const DEAD = 'email,clean_time\na@example.org,2021-01-01 10:00:00\n'
const DEAD_TOO = 'email,state\na@example.org,bounced\n'

describe.each(databases)('what a file says of who is gone, on %s', (kind) => {
  test.each([
    ['that brought them, dated', READS, LEFT],
    ['that brought them, undated', READS, LEFT_TOO],
    ['that brought them, and the mailbox is dead', READS, DEAD],
    ['that said so first, dated', LEFT, LEFT_TOO],
    ['that said so first, undated', LEFT_TOO, LEFT],
    ['that said first that the mailbox is dead', DEAD, DEAD_TOO],
    ['that said first that it is dead, and this that they left', DEAD, LEFT],
    ['that said first that they left, and this that it is dead', LEFT, DEAD],
  ])('outlasts the undoing of the import %s, until it is undone itself', async (_, first, second) => {
    await using world = await open(kind)
    await bring(world, first)
    await bring(world, second)
    const before = await evidenceOf(world)
    for (const text of [first, second]) expect(await bring(world, text)).toMatchObject({ import: null })
    expect(await evidenceOf(world)).toEqual(before)
    await undo(world, 1)
    await bring(world, READS)
    expect(await writable(world)).toEqual(['b@example.org'])
    const log = (await leftLog.known(world.config.data)).filter(leftLog.isLeaving)
    await subscribers.replay(world.db, log)
    expect(await writable(world)).toEqual(['b@example.org'])
    await undo(world, 2)
    await undo(world, 3)
    await bring(world, READS)
    expect(await writable(world)).toEqual(['a@example.org', 'b@example.org'])
  })

  test('stays when both undoings come the other way round, and who was only brought is gone', async () => {
    for (const order of [
      [1, 2],
      [2, 1],
    ]) {
      await using world = await open(kind)
      await bring(world, READS)
      await bring(world, LEFT_TOO)
      for (const id of order) await undo(world, id)
      expect(await world.db.selectFrom('subscription').selectAll().execute()).toEqual([])
    }
  })

  test('is put back as it was before the first of them, when all of them are undone', async () => {
    for (const order of [[2, 3], [3, 2]]) {
      await using world = await open(kind)
      await bring(world, READS)
      await bring(world, 'email,name,state\na@example.org,Other,left\nc@example.org,,left\n')
      await bring(world, LEFT)
      await undo(world, order[0]!)
      expect(await writable(world)).toEqual(['b@example.org'])
      await undo(world, order[1]!)
      expect(await writable(world)).toEqual(['a@example.org', 'b@example.org'])
    }
  }) // biome-ignore format: two orders

  test('of an import that was stopped and run again outlasts the undoing of the first part', async () => {
    await using world = await open(kind)
    await bring(world, LEFT)
    await world.db.updateTable('import').set({ state: 'stopped' }).execute()
    // The second run has more to do, and says of this one nothing that is new.
    await world.db.deleteFrom('consent').where('address_hash', '!=', hashOf('a')).execute()
    const files = [LEFT, 'email,state\nz@example.org,left\n']
    await bringAll(world, files)
    await undo(world, 1)
    await bring(world, READS)
    expect(await writable(world)).toEqual(['b@example.org'])
  })

  test('ends with the reader’s own later yes, which no undoing takes back', async () => {
    await using world = await open(kind)
    await bring(world, LEFT)
    world.clock.advance({ hours: 1 })
    await join(world, 'a')
    await bring(world, LEFT_TOO)
    expect(await writable(world)).toEqual([])
    await undo(world, 2)
    expect(await writable(world)).toEqual(['a@example.org'])
    await undo(world, 1)
    expect(await writable(world)).toEqual(['a@example.org'])
  })

  test('about a dead mailbox is not lifted with what our own letters said of it', async () => {
    await using world = await open(kind)
    for (const who of ['a', 'b']) await subscribers.suppress(world, 'bounce', `${who}@example.org`, 'bounced 5.1.1')
    await bring(world, DEAD)
    const since = Date.parse(NOW) as never
    expect(await subscribers.lift(world, 'cli', { since, dry: true })).toBe(1)
    expect(await subscribers.lift(world, 'cli', { since })).toBe(1)
    await bring(world, READS)
    expect(await writable(world)).toEqual(['b@example.org'])
    await expect(subscribers.lift(world, 'cli', { address: 'a@example.org' })).rejects.toThrow('suppression-stays')
    await undo(world, 1)
    expect(await subscribers.lift(world, 'cli', { address: 'a@example.org' })).toBe(1)
  })

  test('leaves nothing of one who was erased', async () => {
    await using world = await open(kind)
    await bring(world, DEAD)
    await subscribers.erase(world, 'cli', 'a@example.org')
    for (const text of [LEFT, LEFT_TOO, DEAD_TOO, READS]) await bring(world, text)
    expect(await world.db.selectFrom('consent').select('kind').where('address_hash', '=', hashOf('a')).execute()).toEqual([]) // biome-ignore format: one line
    expect(await writable(world)).toEqual(['b@example.org'])
  })

  test('in any sequence of files, undoings, sign-ups, leavings and erasures: the last own word, else any file’s', async () => {
    const who = fc.constantFrom('p', 'q')
    const row = fc.record({ who, state: fc.constantFrom('active', 'left', 'left 2021', 'bounced', 'pending') })
    const step = fc.oneof(
      fc.record({ what: fc.constant('file' as const), rows: fc.array(row, { minLength: 1, maxLength: 3 }) }),
      fc.record({ what: fc.constant('file' as const), rows: fc.array(row, { minLength: 1, maxLength: 3 }) }),
      fc.record({ what: fc.constant('undo' as const), which: fc.nat(2) }),
      fc.record({ what: fc.constant('undo' as const), which: fc.nat(2) }),
      fc.record({ what: fc.constantFrom('join' as const, 'leave' as const, 'erase' as const), who }),
    )
    await using world = await open(kind)
    let n = 0
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
        const at = `${++n}.example`
        const own = new Map<string, { word: string; at: number }>()
        const erased = new Map<string, number>() // what files said before is forgotten with all else
        const files: { id: number | null; rows: typeof row extends fc.Arbitrary<infer Row> ? Row[] : never; at: number; undone: boolean }[] = [] // biome-ignore format: one type
        for (const [moment, one] of steps.entries()) {
          world.clock.advance({ minutes: 1 })
          if (one.what === 'file') {
            const text = `email,state,unsubscribed_at,run\n${one.rows.map((r) => `${r.who}@${at},${r.state.replace(' 2021', ',2021-01-01')}${r.state === 'left 2021' ? '' : ','},${n}-${moment}\n`).join('')}` // biome-ignore format: one file
            const { import: id } = await bring(world, text)
            files.push({ id, rows: one.rows, at: moment, undone: false })
          } else if (one.what === 'undo') {
            const file = files[one.which]
            if (!file || file.id === null) continue
            await undo(world, file.id)
            file.undone = true
          } else if (one.what === 'join') {
            if (await join(world, one.who, at)) own.set(one.who, { word: 'yes', at: moment })
          } else if (one.what === 'leave') {
            if (await leave(world, `${one.who}@${at}`)) own.set(one.who, { word: 'no', at: moment })
          } else {
            await subscribers.erase(world, 'cli', `${one.who}@${at}`).catch(() => {})
            const known = await subscribers.suppressions(world.db, { search: `${one.who}@${at}` }, 1)
            if (known.length > 0) own.set(one.who, { word: 'no', at: moment })
            if (known.length > 0) erased.set(one.who, moment)
          }
        }
        await bring(world, `email,run\np@${at},${n}\nq@${at},${n}\n`)
        const reads = await writable(world)
        for (const name of ['p', 'q']) {
          const word = own.get(name)
          const standing = files.filter((file) => !file.undone)
          const says = (state: string, after = -1) =>
            standing.some((file) => file.at > after && file.rows.some((r) => r.who === name && r.state === state))
          const no =
            word?.word === 'no' ||
            (word === undefined && says('left 2021')) ||
            says('bounced', erased.has(name) ? word!.at : -1) ||
            says('left', word?.word === 'yes' ? word.at : -1)
          if (no) expect(reads, JSON.stringify(steps)).not.toContain(`${name}@${at}`)
          else expect(reads, JSON.stringify(steps)).toContain(`${name}@${at}`)
        }
      }),
      { numRuns: 40 },
    )
  }, 120_000)
})

async function open(kind: Kind): Promise<World> {
  const world = await openWorld(kind, NOW)
  await subscribers.addList(world, 'cli', { slug: 'daily', title: 'Daily', language: 'en', public: true })
  return world
}

async function bring(world: World, text: string): Promise<subscribers.Imported> {
  return bringAll(world, [text])
}

async function bringAll(world: World, texts: string[]): Promise<subscribers.Imported> {
  world.clock.advance({ minutes: 1 })
  const tables = texts.map((text, n) => ({ name: `${n}.csv`, open: async () => Readable.from([text]) }))
  return subscribers.importFiles(world, 'cli', tables, { list: 'daily' })
}

async function undo(world: World, id: number): Promise<void> {
  world.clock.advance({ minutes: 1 })
  await subscribers.undoImport(world, 'cli', id)
}

/** Whether that was a yes: who reads already says nothing new. One letter a day goes to a mailbox, which is not looked at here. */
async function join(world: World, who: string, domain = 'example.org'): Promise<boolean> {
  const address = `${who}@${domain}`
  const before = await subscriptionOf(world, address)
  await world.db.deleteFrom('allowance').execute()
  await subscribers.invite(world, { list: 'daily', address, network: '192.0.2.9', form: '/', language: 'en' })
  const asked = await subscriptionOf(world, address)
  if (!asked) return false
  try {
    await subscribers.confirm(world, subscribers.tokens(world, asked).confirm, '192.0.2.9')
    return before?.state !== 'active'
  } catch {
    return false
  }
}

async function leave(world: World, address: string): Promise<boolean> {
  const one = await subscriptionOf(world, address)
  if (one) await subscribers.leaveFor(world, one.id, 'one-click')
  return one !== undefined
}

function subscriptionOf(world: World, address: string) {
  return world.db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscriber_id')
    .select(['subscription.id', 'requested_at', 'state'])
    .where('address', '=', address)
    .executeTakeFirst()
}

function hashOf(who: string): string {
  return addressHash(email(`${who}@example.org`))
}

function evidenceOf(world: World) {
  return world.db.selectFrom('consent').selectAll().orderBy('id').execute()
}
