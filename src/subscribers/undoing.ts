import { setTimeout } from 'node:timers/promises'
import { type Selectable, sql } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { Db, ImportTable } from '../../db/schema.ts'
import { inTurn } from '../../db/turns.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import * as leftLog from '../left-log.ts'
import type { Before } from './changing.ts'
import { enteredIn, putFieldsBack } from './entered.ts'
import { undoable } from './imports.ts'
import type { Kept } from './more.ts'
import { heirs } from './nos.ts'
import { liftRows, noteLifted } from './suppressions.ts'

/**
 * What undoing did: `removed` of those the import added (`silenced` are those of them whom letters were sent to: the ledger
 * keeps them, but they read nothing any more), `restored` of those it changed, `lifted` suppressions, and `kept`, who have
 * acted for themselves since, or of whom another import says that they are gone.
 */
export type Undone = {
  import: number
  removed: number
  silenced: number
  restored: number
  lifted: number
  kept: number
}

const CHUNK = 200

/**
 * Takes an import back, while what it changed is kept (30 days, as usual). Whoever left, confirmed or changed something since is left as he is. May be ended
 * at any moment and begun again; a second time is no change.
 */
export async function undoImport(app: App, actor: Actor, id: number): Promise<Undone> {
  const now = instant(app.now())
  const row = await undoable(app, id)
  const done: Undone = { import: id, removed: 0, silenced: 0, restored: 0, lifted: 0, kept: 0 }
  if (row.state === 'undone') return done
  await mark(app, actor, id, 'undoing', { verb: 'import.undo' })
  for (;;) {
    const back: string[] = []
    const lifted: { address_hash: string }[] = []
    const began = performance.now()
    const n = await app.db.transaction().execute(async (db) => {
      await inTurn(db, 'import')
      return undoSome(db, row, done, { back, lifted })
    })
    if (n === 0) break
    if (back.length > 0) await noteBack(app, row, back, now)
    if (lifted.length > 0) await noteLifted(app, lifted, now)
    await setTimeout((performance.now() - began) * 0.15) // others' turn to write
  }
  await mark(app, actor, id, 'undone', { verb: 'import.undone', after: done })
  return done
}

async function mark(
  app: App,
  actor: Actor,
  id: number,
  state: string,
  entry: { verb: string; after?: unknown },
): Promise<void> {
  const now = instant(app.now())
  await app.db.transaction().execute(async (db) => {
    await db
      .updateTable('import')
      .set({ state, ...(state === 'undone' && { undone_at: now }) })
      .where('id', '=', id)
      .execute()
    await record(db, actor, now, [{ subject: `import:${id}`, ...entry }])
  })
}

type Import = Selectable<ImportTable>

/** For left.log: the hashes of those who are back on the list, and the suppressions that are lifted. */
type Told = { back: string[]; lifted: { address_hash: string }[] }

/** The next entries, which are forgotten with it; answers how many there were. */
async function undoSome(db: Db, row: Import, done: Undone, { back, lifted }: Told): Promise<number> {
  const entries = await db
    .selectFrom('import_entry')
    .select(['kind', 'row_id', 'before'])
    .where('import_id', '=', row.id)
    .limit(CHUNK)
    .execute()
  const of = (kind: string) => entries.filter((entry) => entry.kind === kind)
  await undoSubscriptions(db, row, of('subscription'), done, back)
  const suppressed = of('suppression').map((entry) => entry.row_id)
  if (suppressed.length > 0) {
    lifted.push(...(await undoSuppressions(db, row, suppressed, done)))
    done.lifted += lifted.length
  }
  for (const kind of ['subscription', 'suppression']) {
    const ids = of(kind).map((entry) => entry.row_id)
    if (ids.length === 0) continue
    await db
      .deleteFrom('import_entry')
      .where('import_id', '=', row.id)
      .where('kind', '=', kind)
      .where('row_id', 'in', ids)
      .execute()
  }
  return entries.length
}

/** Lifts what no other import says; else it is the other's from now on. */
async function undoSuppressions(db: Db, row: Import, ids: number[], done: Undone) {
  const columns = ['id', 'reason', 'address_hash'] as const
  const rows = await db.selectFrom('suppression').select(columns).where('id', 'in', ids).execute()
  const said = await heirs(db, 'bounced', rows.map((one) => one.address_hash), { list_id: row.list_id, row }) // biome-ignore format: one line
  for (const { id, address_hash } of rows) {
    const heir = said.get(address_hash)
    if (heir === undefined) continue
    await keepEntry(db, heir, 'suppression', id, null)
    done.kept++
  }
  const lifted = await liftRows(
    db,
    rows.filter(({ address_hash }) => !said.has(address_hash)),
  )
  if (lifted.length > 0)
    await db
      .deleteFrom('consent')
      .where('address_hash', 'in', lifted.map((one) => one.address_hash)) // biome-ignore format: one line
      .where('kind', '=', 'bounced')
      .where('form', '=', `import ${row.id}`)
      .execute()
  return lifted
}

async function undoSubscriptions(
  db: Db,
  row: Import,
  entries: { row_id: number; before: string | null }[],
  done: Undone,
  back: string[],
): Promise<void> {
  if (entries.length === 0) return
  const standing = await standings(db, row, entries.map((entry) => entry.row_id)) // biome-ignore format: one line
  const left = [...standing.values()].filter(({ state }) => state === 'left').map((one) => one.address_hash)
  const said = await heirs(db, 'left', left, { list_id: row.list_id, row })
  const removable: Standing[] = []
  const unsaid = ({ state, address_hash }: Standing) => (state === 'left' ? [address_hash] : [])
  for (const { row_id, before: kept } of entries) {
    const now = standing.get(row_id)
    const entered = enteredIn(kept)
    const before = entered ? null : kept
    if (!now || now.erased_at !== null || now.acted) {
      done.kept++
      continue
    }
    if (entered) await putFieldsBack(db, now.subscriber_id, entered)
    if (now.state === 'left' && said.has(now.address_hash))
      await bequeath(db, said.get(now.address_hash)!, now, before, done)
    else if (before !== null) await restore(db, now, JSON.parse(before), done, back)
    else if (untouched(now, row)) removable.push(now)
    else done.kept++
  }
  back.push(...removable.flatMap(unsaid))
  for (const now of removable.filter(({ written }) => written)) {
    await deliveries.skipFor(db, now.id)
    const silent = { state: 'pending', confirmed_at: null, left_at: null, left_reason: null }
    await db.updateTable('subscription').set(silent).where('id', '=', now.id).execute()
    done.silenced++
  }
  await remove(
    db,
    row,
    removable.filter(({ written }) => !written),
  )
  done.removed += removable.filter(({ written }) => !written).length
}

type Standing = Awaited<ReturnType<typeof standings>> extends Map<number, infer Row> ? Row : never

/**
 * Another import says that this reader left: so it stays, and what was before this import is what undoing that one brings
 * back. All else that this one changed is put back.
 */
async function bequeath(db: Db, heir: number, now: Standing, json: string | null, done: Undone): Promise<void> {
  done.kept++
  if (json === null) return keepEntry(db, heir, 'subscription', now.id, null)
  const before: Before = JSON.parse(json)
  await putBack(db, now, before)
  const { state, confirmed_at } = before
  const own = await db
    .selectFrom('import_entry')
    .select('before')
    .where('import_id', '=', heir)
    .where('kind', '=', 'subscription')
    .where('row_id', '=', now.id)
    .executeTakeFirst()
  if (own?.before) {
    const theirs: Before = JSON.parse(own.before)
    if (theirs.state === before.now.state)
      await keepEntry(db, heir, 'subscription', now.id, JSON.stringify({ ...theirs, state, confirmed_at }))
  } else if (!own && state !== before.now.state) {
    const looks = { name: null, language: null, format: null, zone: null }
    const entry = { ...looks, state, confirmed_at, now: { state: 'left' } }
    await keepEntry(db, heir, 'subscription', now.id, JSON.stringify(entry))
  }
}

async function keepEntry(db: Db, import_id: number, kind: string, row_id: number, before: string | null) {
  await db
    .insertInto('import_entry')
    .values({ import_id, kind, row_id, before })
    .onConflict((conflict) => conflict.columns(['import_id', 'kind', 'row_id']).doUpdateSet({ before }))
    .execute()
}

/** How these subscriptions stand now; `acted` where their readers said or chose something since, `written` where the ledger names them. */
async function standings(db: Db, row: Import, ids: number[]) {
  const rows = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .selectAll('subscription')
    .select(['subscriber.name', 'subscriber.fields', 'subscriber.address_hash', 'subscriber.erased_at'])
    .where('subscription.id', 'in', ids)
    .execute()
  const people = rows.map((one) => one.subscriber_id)
  const acted = await db
    .selectFrom('consent')
    .select('subscription_id as id')
    .distinct()
    .where('subscription_id', 'in', ids)
    .where('form', 'not like', 'import %')
    .where('at', '>=', row.started_at)
    .execute()
  const chosen = await db
    .selectFrom('change')
    .select('subject')
    .distinct()
    .where('subject', 'in', ids.map((id) => `subscription:${id}`)) // biome-ignore format: one line
    .where(sql<boolean>`actor || '' = 'reader'`) // what is about these, not all that readers ever did
    .where('at', '>=', row.started_at)
    .execute()
  const sent = await db
    .selectFrom('delivery')
    .select('subscriber_id as id')
    .distinct()
    .where('subscriber_id', 'in', people)
    .execute()
  const told = await db
    .selectFrom('notice')
    .select('subscriber_id as id')
    .distinct()
    .where('subscriber_id', 'in', people)
    .execute()
  const followed = await db
    .selectFrom('follow')
    .select('subscription_id as id')
    .distinct()
    .where('subscription_id', 'in', ids)
    .execute()
  const actors = new Set([...acted.map((one) => one.id), ...chosen.map((one) => Number(one.subject.split(':')[1]))])
  const written = new Set([...sent, ...told].map((one) => one.id))
  const follows = new Set(followed.map((one) => one.id))
  return new Map(
    rows.map((one) => [
      one.id,
      { ...one, acted: actors.has(one.id), written: written.has(one.subscriber_id) || follows.has(one.id) },
    ]),
  )
}

/** Whether a subscription is still in the state that the import made it in. */
function untouched(now: Standing, { started_at }: Import): boolean {
  return now.state === 'left' ? now.left_reason === 'import' : now.state === 'active' && now.confirmed_at === started_at
}

/** Puts back what the import changed and nobody has changed since. */
async function restore(db: Db, now: Standing, before: Before, done: Undone, back: string[]): Promise<void> {
  await putBack(db, now, before)
  const same = now.state === before.now.state && (now.state !== 'left' || now.left_reason === 'import')
  const { state, confirmed_at } = before
  const values = { state: state!, confirmed_at, left_at: null, left_reason: null }
  if (same) await db.updateTable('subscription').set(values).where('id', '=', now.id).execute()
  if (same && now.state === 'left') back.push(now.address_hash)
  done.restored++
}

/** All but the state. */
async function putBack(db: Db, now: Standing, before: Before): Promise<void> {
  const values = {
    ...(now.language === before.now.language && { language: before.language! }),
    ...(now.format === before.now.format && { format: before.format! }),
    ...(now.zone === before.now.zone && { zone: before.zone }),
  }
  const { fields, sections, ...hour } = moreBefore(now, before)
  Object.assign(values, hour, sections != null && { sections })
  if (fields !== undefined)
    await db.updateTable('subscriber').set({ fields }).where('id', '=', now.subscriber_id).execute()
  if (Object.keys(values).length > 0)
    await db.updateTable('subscription').set(values).where('id', '=', now.id).execute()
  if (now.name === before.now.name && before.name !== now.name)
    await db.updateTable('subscriber').set({ name: before.name }).where('id', '=', now.subscriber_id).execute()
}

function moreBefore(now: Standing, { more }: Before): Partial<Kept> {
  const keys = more ? (Object.keys(more.now) as (keyof Kept)[]) : []
  const same = keys.filter((key) => more!.now[key] !== more!.before[key] && now[key] === more!.now[key])
  return Object.fromEntries(same.map((key) => [key, more!.before[key]]))
}

async function remove(db: Db, { id, started_at }: Import, gone: Standing[]): Promise<void> {
  if (gone.length === 0) return
  const ids = gone.map((one) => one.id)
  await db.deleteFrom('consent').where('subscription_id', 'in', ids).where('form', '=', `import ${id}`).execute()
  await db.updateTable('consent').set({ subscription_id: null }).where('subscription_id', 'in', ids).execute() // older evidence of the address stays
  await db.deleteFrom('subscription').where('id', 'in', ids).execute()
  await db
    .deleteFrom('subscriber')
    .where(
      'id',
      'in',
      gone.map((one) => one.subscriber_id),
    )
    .where('created_at', '=', started_at)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('subscription').select('id').whereRef('subscription.subscriber_id', '=', 'subscriber.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('bounce').select('id').whereRef('bounce.subscriber_id', '=', 'subscriber.id'))),
    )
    .execute()
}

async function noteBack(app: App, row: Import, hashes: string[], at: Instant): Promise<void> {
  const { slug } = await app.read
    .selectFrom('list')
    .select('slug')
    .where('id', '=', row.list_id)
    .executeTakeFirstOrThrow()
  await leftLog.note(app, ...hashes.map((hash) => ({ at, what: 'back' as const, hash, list: slug })))
}
