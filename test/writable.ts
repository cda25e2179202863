import type { App } from '../src/app.ts'

/** Whom a letter would go to: active and not suppressed, in the order of their addresses. */
export async function writable({ db }: Pick<App, 'db'>): Promise<string[]> {
  const rows = await db
    .selectFrom('subscription')
    .innerJoin('subscriber', 'subscriber.id', 'subscription.subscriber_id')
    .leftJoin('suppression', 'suppression.address_hash', 'subscriber.address_hash')
    .select('subscriber.address')
    .where('state', '=', 'active')
    .where('suppression.id', 'is', null)
    .orderBy('subscriber.address')
    .execute()
  return rows.map(({ address }) => address!)
}
