import { type Instant, instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import { addressHash, email } from '../src/address.ts'
import type { App } from '../src/app.ts'
import * as deliveries from '../src/deliveries/index.ts'
import * as editions from '../src/editions.ts'
import * as follows from '../src/follows.ts'
import { publicId } from '../src/ids.ts'

/** A digest with its list and slot, ready for editions. */
export type Mailing = { digest_id: number; list_id: number; slot_id: number; readers: Reader[] }
export type Reader = { subscriber_id: number; subscription_id: number; address: string; public_id: string }

/** A list with `n` readers and a digest for it. */
export async function mailing(app: App, n: number, slug = 'morning'): Promise<Mailing> {
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const list = await one(
      db
        .insertInto('list')
        .values({ slug, title: 'أخبار الصباح', language: 'ar', visibility: 'public', created_at: at })
        .returning('id'),
    )
    const channel = await one(db.selectFrom('channel').select('id').where('slug', '=', 'all'))
    const digest = await one(
      db
        .insertInto('digest')
        .values({
          slug,
          title: 'أخبار الصباح',
          list_id: list.id,
          channel_id: channel.id,
          max: 25,
          min: 1,
          max_age: 172_800_000,
          late: 14_400_000,
          created_at: at,
        })
        .returning('id'),
    )
    const slot = await one(
      db
        .insertInto('slot')
        .values({
          digest_id: digest.id,
          zone: 'Europe/Istanbul',
          minute: 480,
          weekdays: 127,
          next_on: '2026-11-24',
          next_at: at,
        })
        .returning('id'),
    )
    const readers: Reader[] = []
    for (let start = 0; start < n; start += 1000) {
      const count = Math.min(1000, n - start)
      readers.push(
        ...(await admit(
          db,
          list.id,
          Array.from({ length: count }, (_, index) => `${slug}-${start + index}@example.org`),
          at,
        )),
      )
    }
    return { digest_id: digest.id, list_id: list.id, slot_id: slot.id, readers }
  })
}

async function admit(db: Db, list_id: number, addresses: string[], created_at: Instant): Promise<Reader[]> {
  const subscribers = await db
    .insertInto('subscriber')
    .values(
      addresses.map((address) => ({
        public_id: publicId(),
        address,
        address_hash: addressHash(email(address)),
        created_at,
      })),
    )
    .returning(['id', 'public_id', 'address'])
    .execute()
  const subscriptions = await db
    .insertInto('subscription')
    .values(
      subscribers.map(({ id }) => ({
        ...{
          list_id,
          subscriber_id: id,
          created_at,
          state: 'active',
          sections: '',
          format: 'html',
          language: 'ar',
          feed_epoch: 0,
        },
      })),
    )
    .returning(['id', 'subscriber_id'])
    .execute()
  const ids = new Map(subscriptions.map((row) => [row.subscriber_id, row.id]))
  return subscribers.map(({ id, public_id, address }) => ({
    subscriber_id: id,
    subscription_id: ids.get(id)!,
    address: address!,
    public_id,
  }))
}

/** An edition up to the `to`th story for these readers, frozen and due now, as digests composes one. */
export async function edition(
  app: App,
  mailing: Mailing,
  { day = '2026-11-23', to = 10, readers = mailing.readers } = {},
): Promise<editions.Edition> {
  const now = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const opened = await editions.open(db, {
      ...{ public_id: publicId(), digest_id: mailing.digest_id, day, slot_id: mailing.slot_id },
      ...{ subject: `عناوين ${day}`, stories: 1, to_seq: to, due_at: now, composed_at: now },
    })
    await deliveries.supersede(db, opened!)
    const told = new Map(
      (
        await db
          .selectFrom('follow')
          .select(['subscription_id', 'told_seq'])
          .where('digest_id', '=', mailing.digest_id)
          .execute()
      ).map((row) => [row.subscription_id, row.told_seq]),
    )
    const parts = new Map<number, number>()
    for (const from_seq of new Set(readers.map((one) => told.get(one.subscription_id) ?? 0))) {
      parts.set(
        from_seq,
        await editions.addPart(db, opened!, {
          from_seq,
          language: 'ar',
          format: 'html',
          stories: 1,
          ...rendered(day),
          articles: [],
        }),
      )
    }
    await follows.tell(
      db,
      { digest_id: mailing.digest_id, slot_id: mailing.slot_id, told_seq: to, last_on: day },
      readers.map(({ subscription_id }) => ({ subscription_id, told: told.get(subscription_id) ?? null })),
    )
    const recipients = readers.map(({ subscriber_id, subscription_id }) => {
      const told_before = told.get(subscription_id) ?? 0
      return { subscriber_id, subscription_id, told_before, part_id: parts.get(told_before)! }
    })
    await deliveries.queue(db, opened!, recipients, now)
    await editions.freeze(db, opened!.id, now)
    return { ...opened!, state: 'frozen' }
  })
}

/** What letters.render makes, small. */
export function rendered(day: string) {
  const link = 'https://news.example/unsubscribe/\u0001unsubscribe\u0002'
  return {
    subject: `عناوين ${day}`,
    html: `<!doctype html><html lang="ar" dir="rtl"><body><p>عنوان ${day}</p><p><a href="${link}">إلغاء الاشتراك</a></p></body></html>`,
    text: `عنوان ${day}\n\nإلغاء الاشتراك: ${link}\n`,
  }
}

/** Up to which story the reader was told. */
export async function told(app: App, mailing: Mailing, reader: Reader): Promise<number> {
  const row = await app.db
    .selectFrom('follow')
    .select('told_seq')
    .where('digest_id', '=', mailing.digest_id)
    .where('subscription_id', '=', reader.subscription_id)
    .executeTakeFirstOrThrow()
  return row.told_seq
}

async function one<Row>(query: { executeTakeFirstOrThrow(): Promise<Row> }): Promise<Row> {
  return query.executeTakeFirstOrThrow()
}
