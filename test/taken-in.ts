import type { World } from './world.ts'

/** How much an import has written, table by table. */
type Counts = { subscriber: number; subscription: number; consent: number; import_entry: number }

export async function count(world: World): Promise<Counts> {
  const all: Counts = { subscriber: 0, subscription: 0, consent: 0, import_entry: 0 }
  for (const table of ['subscriber', 'subscription', 'consent', 'import_entry'] as const) {
    const row = await world.db
      .selectFrom(table)
      .select(({ fn, cast }) => cast<number>(fn.countAll(), 'integer').as('n'))
      .executeTakeFirstOrThrow()
    all[table] = row.n
  }
  return all
}
