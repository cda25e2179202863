import { sql } from 'kysely'
import type { Db } from '../../db/schema.ts'
import type { Reader } from './rows.ts'
import { wishedFor } from './wishes.ts'

/** Columns of a subscription that its reader has chosen. */
export type Choices = Set<string>

/** What the readers of these subscriptions have chosen for themselves, on the form or behind the link to the preferences. */
export async function choices(db: Db, ids: number[]): Promise<Map<number, Choices>> {
  const found = new Map<number, Choices>()
  if (ids.length === 0) return found
  const add = (id: number, columns: string[]) => {
    if (columns.length > 0) found.set(id, new Set([...(found.get(id) ?? []), ...columns]))
  }
  const saved = await db
    .selectFrom('change')
    .select(['subject', 'after'])
    .where('subject', 'in', ids.map((id) => `subscription:${id}`)) // biome-ignore format: one line
    .where(sql<boolean>`actor || '' = 'reader'`) // what is about these, not all that readers ever did
    .where('verb', 'in', ['subscription.prefer', 'subscription.hour'])
    .execute()
  // A form shows all of it: who saves it has chosen what was left as it stood, too.
  for (const { subject, after } of saved) add(Number(subject.split(':')[1]), Object.keys(JSON.parse(after ?? '{}')))
  const agreed = await db
    .selectFrom('consent')
    .select(['subscription_id', 'kind', 'at', 'wish'])
    .where('subscription_id', 'in', ids)
    .where('kind', 'in', ['asked', 'confirmed', 'joined'])
    .where('actor', '=', 'reader')
    .execute()
  const joined = new Set(agreed.flatMap(({ kind, subscription_id, at }) => (kind === 'joined' ? [`${subscription_id} ${at}`] : []))) // biome-ignore format: one line
  for (const { subscription_id: id, kind, at, wish } of agreed)
    if (kind === 'confirmed' || joined.has(`${id} ${at}`)) add(id!, wishedFor(wish))
  return found
}

/** What a file says of a reader, without what that reader has chosen. */
export function without<Said extends Reader>(reader: Said, chosen: Choices): Said {
  const kept = left(reader, chosen)
  if (!reader.more) return kept
  const more = left(reader.more, chosen)
  return Object.keys(more).length > 0 ? { ...kept, more } : left(kept, new Set(['more']))
}

function left<Said extends object>(said: Said, chosen: Choices): Said {
  return Object.fromEntries(Object.entries(said).filter(([key]) => !chosen.has(key))) as Said
}
