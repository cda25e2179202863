import { setImmediate } from 'node:timers/promises'
import type { Instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { publicId } from '../ids.ts'
import { say } from '../locale.ts'
import { consent } from './consents.ts'
import { fresh } from './joining.ts'
import type { List } from './lists.ts'
import type { Reader } from './rows.ts'

/** How many rows of an import ended in which way. */
export type Verdicts = { added: number; updated: number; unchanged: number; skipped: number }

type Known = Awaited<ReturnType<typeof standings>> extends Map<string, infer Row> ? Row : never

/**
 * Takes up to a thousand readers into a list, all in one transaction.
 *
 * `counted` makes it a rehearsal: nothing is written, and it remembers who would have been added.
 */
export async function admit(
  app: App,
  actor: Actor,
  list: List,
  readers: Reader[],
  now: Instant,
  counted?: Set<number>,
): Promise<Verdicts> {
  return app.db.transaction().execute(async (db) => {
    const { verdicts, unknown, changed } = await sorted(db, list, readers, counted)
    if (counted || unknown.length + changed.length === 0) return verdicts
    const admitted = await add(db, list, unknown, now)
    await update(db, changed, now)
    const answered = changed.filter(({ before }) => before.state === 'pending')
    const agreed = answered.map(({ reader, before }) => ({ id: before.subscription_id!, hash: reader.hash }))
    await setImmediate()
    await testify(db, actor, list, [...admitted, ...agreed], now)
    await record(db, actor, now, [{ verb: 'subscribers.import', subject: `list:${list.slug}`, after: verdicts }])
    return verdicts
  })
}

type Sorted = { verdicts: Verdicts; unknown: Reader[]; changed: { reader: Reader; before: Known }[] }

/** What is to be done about each reader, and the count of it. */
async function sorted(db: Db, list: List, readers: Reader[], counted: Set<number> | undefined): Promise<Sorted> {
  const known = await standings(db, list, readers)
  const out = await suppressed(db, readers)
  const done: Sorted = { verdicts: { added: 0, updated: 0, unchanged: 0, skipped: 0 }, unknown: [], changed: [] }
  for (const reader of readers) {
    const before = known.get(reader.hash)
    const verdict = judge(reader, before, out.has(reader.hash), counted)
    done.verdicts[verdict]++
    done.verdicts[verdict === 'skipped' ? 'skipped' : 'unchanged'] += reader.copies
    if (verdict === 'added') done.unknown.push(reader)
    if (verdict === 'updated') done.changed.push({ reader, before: before! })
  }
  return done
}

/** The newsroom's word that these readers had asked. */
async function testify(
  db: Db,
  actor: Actor,
  list: List,
  agreed: { id: number; hash: string }[],
  at: Instant,
): Promise<void> {
  const wording = say(list.language, 'subscribers.imported', { list: list.title })
  const evidence = { kind: 'imported' as const, list_id: list.id, form: 'import', wording, actor, at }
  await consent(
    db,
    agreed.map(({ id, hash }) => ({ ...evidence, subscription_id: id, address_hash: hash })),
  )
}

function judge(
  reader: Reader,
  before: Known | undefined,
  suppressed: boolean,
  counted: Set<number> | undefined,
): keyof Verdicts {
  if (suppressed || before?.state === 'left' || before?.erased_at) return 'skipped'
  if (before?.state) return differs(reader, before) ? 'updated' : 'unchanged'
  if (!counted) return 'added'
  const mark = Number.parseInt(reader.hash.slice(0, 13), 16) // 52 bits tell a file's addresses apart
  if (counted.has(mark)) return 'unchanged'
  counted.add(mark)
  return 'added'
}

function differs(reader: Reader, before: Known): boolean {
  return (
    before.state === 'pending' ||
    (['name', 'language', 'format', 'zone'] as const).some(
      (key) => reader[key] !== undefined && reader[key] !== before[key],
    )
  )
}

/** What we know of these addresses, by hash, and of their subscription to this list, if they have one. */
async function standings(db: Db, list: List, readers: Reader[]) {
  const rows = await db
    .selectFrom('subscriber')
    .leftJoin('subscription', (join) =>
      join.onRef('subscription.subscriber_id', '=', 'subscriber.id').on('subscription.list_id', '=', list.id),
    )
    .select(['subscriber.id', 'address_hash', 'name', 'erased_at', 'subscription.id as subscription_id'])
    .select(['state', 'language', 'format', 'zone'])
    .where('address_hash', 'in', hashes(readers))
    .execute()
  return new Map(rows.map((row) => [row.address_hash, row]))
}

async function suppressed(db: Db, readers: Reader[]): Promise<Set<string>> {
  const rows = await db
    .selectFrom('suppression')
    .select('address_hash')
    .where('address_hash', 'in', hashes(readers))
    .execute()
  return new Set(rows.map((row) => row.address_hash))
}

function hashes(readers: Reader[]): string[] {
  return readers.map((reader) => reader.hash)
}

async function add(db: Db, list: List, readers: Reader[], now: Instant): Promise<{ id: number; hash: string }[]> {
  if (readers.length === 0) return []
  await setImmediate() // between large statements it is the web server's turn
  await db
    .insertInto('subscriber')
    .values(
      readers.map(({ address, hash, name }) => ({
        public_id: publicId(),
        address,
        address_hash: hash,
        name: name ?? null,
        created_at: now,
      })),
    )
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  const people = await db
    .selectFrom('subscriber')
    .select(['id', 'address_hash'])
    .where('address_hash', 'in', hashes(readers))
    .orderBy('id') // subscriptions in the order of the file
    .execute()
  await setImmediate()
  const byHash = new Map(readers.map((reader) => [reader.hash, reader]))
  const hashOf = new Map(people.map(({ id, address_hash }) => [id, address_hash]))
  const subscriptions = await db
    .insertInto('subscription')
    .values(
      people.map(({ id, address_hash }) => {
        const { language = list.language, format = 'html', zone = null } = byHash.get(address_hash)!
        return { ...fresh(list.id, id, now), state: 'active', language, format, zone, confirmed_at: now }
      }),
    )
    .onConflict((conflict) => conflict.doNothing())
    .returning(['id', 'subscriber_id'])
    .execute()
  return subscriptions.map(({ id, subscriber_id }) => ({ id, hash: hashOf.get(subscriber_id)! }))
}

async function update(db: Db, changed: { reader: Reader; before: Known }[], now: Instant): Promise<void> {
  for (const { reader, before } of changed) {
    const { name, language = before.language!, format = before.format!, zone = before.zone } = reader
    if (name !== undefined && name !== before.name) {
      await db.updateTable('subscriber').set({ name }).where('id', '=', before.id).execute()
    }
    await db
      .updateTable('subscription')
      .set({ language, format, zone, ...(before.state === 'pending' && { state: 'active', confirmed_at: now }) })
      .where('id', '=', before.subscription_id)
      .where('state', '!=', 'left')
      .execute()
  }
}
