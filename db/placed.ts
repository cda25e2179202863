import { type Expression, type SqlBool, sql } from 'kysely'

/** A reader's own hour in one word, as `subscription.placed` keeps it: what is null is the digest's. */
export function placedKey(hour: { zone: string | null; minute: number | null; weekdays: number | null }): string {
  return `${hour.zone ?? ''} ${hour.minute ?? ''} ${hour.weekdays ?? ''}`
}

/**
 * The subscriptions whose hour is another one than they were last given a slot for, spelled as the partial index spells it.
 * Who has left is placed again on coming back.
 */
export function unplaced(): Expression<SqlBool> {
  return sql<SqlBool>`subscription.state <> 'left' and subscription.placed <> coalesce(subscription.zone, '') || ' ' || coalesce(cast(subscription.minute as text), '') || ' ' || coalesce(cast(subscription.weekdays as text), '')`
}
