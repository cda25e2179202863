import type { Kysely } from 'kysely'
import type { AccountsTables } from './schema/accounts.ts'
import type { ArticlesTables } from './schema/articles.ts'
import type { BouncesTables } from './schema/bounces.ts'
import type { ChannelsTables } from './schema/channels.ts'
import type { DeliveriesTables } from './schema/deliveries.ts'
import type { DigestsTables } from './schema/digests.ts'
import type { EditionsTables } from './schema/editions.ts'
import type { HomeTables } from './schema/home.ts'
import type { ImagesTables } from './schema/images.ts'
import type { ListsTables } from './schema/lists.ts'
import type { SiteTables } from './schema/site.ts'
import type { SourcesTables } from './schema/sources.ts'
import type { SubscribersTables } from './schema/subscribers.ts'

export type * from './schema/accounts.ts'
export type * from './schema/articles.ts'
export type * from './schema/bounces.ts'
export type * from './schema/channels.ts'
export type * from './schema/deliveries.ts'
export type * from './schema/digests.ts'
export type * from './schema/editions.ts'
export type * from './schema/home.ts'
export type * from './schema/images.ts'
export type * from './schema/lists.ts'
export type * from './schema/site.ts'
export type * from './schema/sources.ts'
export type * from './schema/subscribers.ts'

/** A database, or a transaction in it: whoever is handed one works inside what its caller opened. */
export type Db = Kysely<Schema>

/*
 * One interface per table, by noun in the files of schema/; the row type is the domain type. `_at` is an Instant, `_on` a
 * calendar day (yyyy-mm-dd), `_id` a reference. A test compares these with the migrated schema, column by column, on both databases.
 */

export interface Schema
  extends AccountsTables,
    ArticlesTables,
    BouncesTables,
    ChannelsTables,
    DeliveriesTables,
    DigestsTables,
    EditionsTables,
    HomeTables,
    ImagesTables,
    ListsTables,
    SiteTables,
    SourcesTables,
    SubscribersTables {}
