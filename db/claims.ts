import { type Expression, type SelectQueryBuilder, type SqlBool, sql } from 'kysely'
import type { Kind } from './columns.ts'

/**
 * The states in which a letter waits, spelled as the partial indexes spell them: with bound values in their place neither
 * database would use those indexes.
 */
export function waiting(table: 'delivery' | 'notice'): Expression<SqlBool> {
  return sql<SqlBool>`${sql.ref(`${table}.state`)} in ('queued', 'deferred', 'uncertain')`
}

/** Those that may have arrived already: they go first. */
export function uncertain(table: 'delivery' | 'notice'): Expression<SqlBool> {
  return sql<SqlBool>`${sql.ref(`${table}.state`)} = 'uncertain'`
}

/** Those that wait for this domain, spelled as their index is. */
export function parkedFor(domain: string): Expression<SqlBool> {
  return sql<SqlBool>`${waiting('delivery')} and delivery.domain = ${domain}`
}

/** Those that some sender holds. */
export function held(table: 'delivery' | 'notice'): Expression<SqlBool> {
  return sql<SqlBool>`${sql.ref(`${table}.state`)} in ('claimed', 'submitting')`
}

/** What this sender holds in a state, found by the index of what is held. */
export function heldBy(
  table: 'delivery' | 'notice',
  senderId: string,
  state: 'claimed' | 'submitting',
): Expression<SqlBool> {
  const word = sql.ref(`${table}.state`)
  return sql<SqlBool>`${held(table)} and ${word} = ${state} and ${sql.ref(`${table}.sender_id`)} = ${senderId}`
}

/**
 * Takes the rows' locks and passes over what others have locked: PostgreSQL only. On SQLite a claim is alone anyway, as its
 * transaction begins `immediate`.
 */
export function skippingLocked<DB, TB extends keyof DB, O>(
  kind: Kind,
  table: TB & string,
  query: SelectQueryBuilder<DB, TB, O>,
): SelectQueryBuilder<DB, TB, O> {
  return kind === 'postgres' ? query.forUpdate(table).skipLocked() : query
}
