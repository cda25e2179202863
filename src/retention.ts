import { type Instant, instant, later } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import { record } from './changes.ts'
import { EVER, endless, KEPT, KINDS, type Kind, readKept } from './keeping.ts'
import { Problem } from './problem.ts'

export { EVER, endless, KEPT, KINDS, type Kind } from './keeping.ts'

/** How long it is kept: null is for ever. `said` is who says so: NASHRA_KEEP, the desk or a command, or nobody. */
export type Keeping = { days: number | null; said: 'environment' | 'site' | 'usual' }

const DAY = 86_400_000

/** How long each kind of things is kept now. */
export async function show({ config }: Pick<App, 'config'>, db: Db): Promise<Record<Kind, Keeping>> {
  const rows = await db.selectFrom('retention').selectAll().execute()
  const site = new Map(rows.map(({ kind, days }) => [kind, days]))
  const all = KINDS.map((kind): [Kind, Keeping] => {
    const fixed = config.keep[kind]
    if (fixed !== undefined) return [kind, { days: fixed, said: 'environment' }]
    const chosen = site.get(kind)
    return [kind, chosen === undefined ? { days: KEPT[kind].usual, said: 'usual' } : { days: chosen, said: 'site' }]
  })
  return Object.fromEntries(all) as Record<Kind, Keeping>
}

/** How many days (of backups: how many) a kind is kept; null is for ever. */
export async function of(app: Pick<App, 'config'>, db: Db, kind: Kind): Promise<number | null> {
  return (await show(app, db))[kind].days
}

/** What is older than this moment is kept no longer; undefined where it is kept for ever. */
export async function limit(app: Pick<App, 'config' | 'now'>, db: Db, kind: Kind): Promise<Instant | undefined> {
  const days = await of(app, db, kind)
  return days === null ? undefined : later(instant(app.now()), -days * DAY)
}

/** How long it may be, as typed: whole numbers, `ever` or nothing for no end. Some Problem for what is out of bounds, or decided elsewhere. */
export type Wish = Partial<Record<Kind, string>>

/** Sets how long things are kept; what is older goes at night. The trail tells what was before. */
export async function set(app: App, actor: Actor, wish: Wish): Promise<Record<Kind, Keeping>> {
  const wanted = KINDS.flatMap((kind): [Kind, number | null][] => {
    const text = wish[kind]
    return text === undefined ? [] : [[kind, checked(app, kind, text)]]
  })
  await app.db.transaction().execute(async (db) => {
    const now = await show(app, db)
    const changed = wanted.filter(([kind, days]) => now[kind].days !== days)
    if (changed.length === 0) return
    for (const [kind, days] of changed)
      await db
        .insertInto('retention')
        .values({ kind, days })
        .onConflict((conflict) => conflict.column('kind').doUpdateSet({ days }))
        .execute()
    const before = Object.fromEntries(changed.map(([kind]) => [kind, now[kind].days]))
    await record(db, actor, instant(app.now()), [
      { verb: 'retention.set', subject: 'site', before, after: Object.fromEntries(changed) },
    ])
  })
  return show(app, app.db)
}

function checked({ config }: App, kind: Kind, text: string): number | null {
  if (config.keep[kind] !== undefined) throw new Problem('keeping-elsewhere', { kind })
  const days = readKept(kind, text.trim() === '' && endless(kind) ? EVER : text)
  if (days !== undefined) return days
  const { least, most } = KEPT[kind]
  throw new Problem(endless(kind) ? 'bad-keeping' : 'bad-number', { name: kind, least, most })
}
