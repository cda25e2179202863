import type { World } from './world.ts'

export async function rowOf(world: World, edition_id: number, reader: { subscriber_id: number }) {
  return world.db
    .selectFrom('delivery')
    .selectAll()
    .where('edition_id', '=', edition_id)
    .where('subscriber_id', '=', reader.subscriber_id)
    .executeTakeFirstOrThrow()
}

export async function reasons(world: World, edition_id: number): Promise<(string | null)[]> {
  const rows = await world.db
    .selectFrom('delivery')
    .select('reason')
    .where('edition_id', '=', edition_id)
    .where('state', '=', 'skipped')
    .execute()
  return rows.map((row) => row.reason).sort()
}
