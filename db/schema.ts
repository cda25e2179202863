import type { Generated, Kysely } from 'kysely'
import type { Instant } from './instant.ts'

/** A database, or a transaction in it: whoever is handed one works inside what its caller opened. */
export type Db = Kysely<Schema>

/*
 * One interface per table; the row type is the domain type. `_at` is an Instant, `_on` a calendar day (yyyy-mm-dd),
 * `_id` a reference. A test compares these with the migrated schema, column by column, on both databases.
 */

/**
 * The paper's identity: one row. `version` moves with whatever a reader can see (articles, channels, this row); the standing
 * pages (about … imprint) are cleaned HTML, '' where there is none.
 */
export interface SiteTable {
  id: number
  name: string
  tagline: string
  logo_id: number | null
  accent: string
  language: string
  zone: string
  sender: string | null
  reply_to: string | null
  report_to: string | null
  postal_address: string
  version: number
  changed_at: Instant
  about: string
  contact: string
  privacy: string
  imprint: string
}

/** A setting that holds a secret, closed with the key ring (src/keys.ts). */
export interface SealedTable {
  name: string
  value: string
}

/** A stored image; `variants` is JSON: [{width, height, type, bytes, file}]. */
export interface ImageTable {
  id: Generated<number>
  hash: string
  type: string
  width: number
  height: number
  bytes: number
  variants: string
  created_at: Instant
}

/** A picture that lies elsewhere and is to be kept: tried at `due_at`; given up, for `reason`, where that is null. */
export interface DownloadTable {
  url: string
  due_at: Instant | null
  attempts: number
  reason: string | null
}

/**
 * Where articles come from; row 0 is the desk and the import.
 *
 * `kind`: desk, feed or wordpress. `relation`: own (the newsroom's own site: guids are kept) or partner. `home` is the site's
 * address, `host` whom we ask. `date_order` of dates like 04/12/2025: day, month or auto. `body`: full or link. `intake`:
 * publish or hold. `first`: what comes with the first reading is archive or news. `pictures`: keep or leave.
 * `report` is JSON (sources.Report): how the last reading went. `cursor` is JSON: how far a mirror has come. `pause` is the
 * interval between polls in milliseconds, `failures` how many went wrong in a row, `error` why the last did.
 */
export interface SourceTable {
  id: Generated<number>
  url: string
  title: string
  language: string | null
  zone: string | null
  section: string | null
  credit: string | null
  created_at: Instant
  kind: Generated<string>
  relation: Generated<string>
  home: Generated<string>
  host: Generated<string>
  date_order: Generated<string>
  body: Generated<string>
  intake: Generated<string>
  first: Generated<string>
  pictures: Generated<string>
  report: Generated<string>
  charset: string | null
  etag: string | null
  last_modified: string | null
  cursor: string | null
  error: string | null
  due_at: Instant | null
  read_at: Instant | null
  polled_at: Instant | null
  fresh_at: Instant | null
  paused_at: Instant | null
  ended_at: Instant | null
  failures: Generated<number>
  pause: Generated<number>
}

/** Who is being asked by which poller (`holder`), until when: one request at a time per host, over all processes. */
export interface SourceHostTable {
  host: string
  held_until: Instant
  holder: string
}

/**
 * What an item of a source became. `key` is its guid in the one spelling that flips of scheme and host share. `state`:
 * published, also (another source's article tells it), held (a draft waits for review), refused, withdrawn (by its source).
 * `hash` is of the item as read, `draft` JSON (intake.Waiting): what waits for review, also a change to what was released.
 * `dated_at` is the date that its source gave, null where it gave none. `missing_at`: from then on its page may be asked
 * whether it is gone.
 */
export interface SourceItemTable {
  source_id: number
  key: string
  guid: string
  link: string | null
  link_key: string | null
  state: string
  article_id: number | null
  hash: string
  draft: string | null
  dated_at: Instant | null
  first_at: Instant
  seen_at: Instant
  missing_at: Instant | null
}

/**
 * A post of a mirrored WordPress site, by its number there. `state`: taken, skipped (protected, broken, empty) or gone. With
 * `missing_at` it was not listed then, and has yet to be asked for.
 */
export interface WordpressPostTable {
  source_id: number
  number: number
  guid: string
  state: string
  modified_at: Instant | null
  missing_at: Instant | null
}

/**
 * A picture in a body that we are to keep, at `url` as the body has it; `wanted` is where we ask for it, the original of a
 * WordPress rendition first. `image_id` once we keep it.
 */
export interface BodyPictureTable {
  article_id: number
  url: string
  wanted: string
  image_id: number | null
}

/** Where a picture of the newsroom's own stood before: a path, percent-decoded, whatever its host and its size. */
export interface ImageAddressTable {
  address: string
  image_id: number
}

/** What a slug of the newsroom's old site meant: `by` is category, tag or author. */
export interface FormerNameTable {
  by: string
  slug: string
  name: string
}

/**
 * One story. `guid` is its source's name for it, `entry_id` the one that feeds carry: both never change.
 * `fingerprint` is of the draft, so that a second import sees "unchanged". `link_key` and `title_key` tell the same story of
 * two sources; with `archived_at` it came with a source's first reading and is no news for digests. `pictured_at` is when
 * we last came to keep a picture of its body: no revision, but pages and feeds show it.
 */
export interface ArticleTable {
  id: Generated<number>
  public_id: string
  source_id: number
  guid: string
  entry_id: string
  url: string | null
  title: string
  body_html: string
  summary: string | null
  excerpt: string
  language: string
  section: string | null
  section_key: string | null
  credit: string | null
  image_id: number | null
  image_url: string | null
  image_alt: string | null
  image_caption: string | null
  image_credit: string | null
  fingerprint: string
  published_at: Instant
  updated_at: Instant
  created_at: Instant
  revised_at: Instant | null
  withdrawn_at: Instant | null
  withdrawn_reason: string | null
  link_key: string | null
  title_key: string | null
  archived_at: Instant | null
  pictured_at: Instant | null
}

/** Where a story stood before, as db/addresses.ts spells it; one address may have been several stories'. */
export interface ArticleAddressTable {
  address: string
  article_id: number
}

export interface TagTable {
  id: Generated<number>
  key: string
  name: string
}

export interface ArticleTagTable {
  article_id: number
  tag_id: number
  position: number
}

export interface AuthorTable {
  id: Generated<number>
  key: string
  name: string
}

export interface ArticleAuthorTable {
  article_id: number
  author_id: number
  position: number
}

/**
 * A stream we publish. `filter` is JSON (channels.Filter); `text` is 'full' or 'summary'; `feed_id` names its feeds for
 * ever, whatever becomes of slug and domain.
 */
export interface ChannelTable {
  id: Generated<number>
  feed_id: string
  slug: string
  title: string
  description: string
  language: string | null
  filter: string
  size: number
  text: string
  version: number
  changed_at: Instant
  created_at: Instant
}

/**
 * Who reads a feed: `reader` is a keyed hash of network and agent, or of a service's name; `agent` the program's name
 * without versions; `n` how many readers it stands for.
 */
export interface FeedReaderTable {
  feed: string
  reader: string
  agent: string
  n: number
  seen_on: string
}

/**
 * What one may join. `visibility` is 'public' (anybody may ask) or 'private' (by import only). `single_opt_in` is why who asks
 * need not confirm, null where they must.
 */
export interface ListTable {
  id: Generated<number>
  slug: string
  title: string
  language: string
  sender: string | null
  reply_to: string | null
  visibility: string
  created_at: Instant
  single_opt_in: string | null
}

/** A list's own letter in its own words. `kind`: welcome or goodbye. With an empty `body` it is sent in ours. */
export interface ListLetterTable {
  list_id: number
  kind: string
  language: string
  subject: string
  body: string
}

/**
 * A person's address. `address_hash` (SHA-256 of the lower-cased address) is what identity and suppression compare. `fields`
 * is JSON: what else is kept, by the names of `field`; null where there is nothing.
 */
export interface SubscriberTable {
  id: Generated<number>
  public_id: string
  address: string | null
  address_hash: string
  name: string | null
  created_at: Instant
  erased_at: Instant | null
  fields: string | null
}

/** What else may be kept of a reader. `kind`: text, number or date (yyyy-mm-dd). */
export interface FieldTable {
  id: Generated<number>
  name: string
  title: string
  kind: string
  created_at: Instant
}

/** A part of a list: its readers for whom `rule` (JSON, segments.Rule) is true. */
export interface SegmentTable {
  id: Generated<number>
  slug: string
  title: string
  list_id: number
  rule: string
  created_at: Instant
}

/** A reader whose name the search has yet to learn, or to forget; noted by a trigger. */
export interface NameChangeTable {
  subscriber_id: number
}

/**
 * One address on one list. `state`: pending, active, left. `format`: html, headlines or text. `sections` is a JSON array of
 * names, or '' for all. What is null of `zone`, `minute` and `weekdays` is the digest's; `placed` (db/placed.ts) is the hour
 * that its slots were last found for.
 */
export interface SubscriptionTable {
  id: Generated<number>
  list_id: number
  subscriber_id: number
  state: string
  sections: string
  format: string
  language: string
  zone: string | null
  minute: number | null
  weekdays: number | null
  paused_until: Instant | null
  feed_epoch: number
  created_at: Instant
  requested_at: Instant | null
  confirmed_at: Instant | null
  left_at: Instant | null
  left_reason: string | null
  placed: Generated<string>
}

/**
 * Evidence: who asked, confirmed, joined, was imported or left; when, from which network, in which words. `wish` is JSON
 * (subscribers.Wishes): what was asked for beside the list, until it is confirmed.
 */
export interface ConsentTable {
  id: Generated<number>
  subscription_id: number | null
  address_hash: string
  list_id: number
  kind: string
  at: Instant
  network: string | null
  form: string
  wording: string
  wording_version: string
  actor: string
  wish: string | null
}

/**
 * One import: `files` and `counts` are JSON, `state` is running, done, stopped or undone. One that is running and was not
 * touched for a minute was ended from outside.
 */
export interface ImportTable {
  id: Generated<number>
  list_id: number
  actor: string
  files: string
  state: string
  counts: string
  started_at: Instant
  touched_at: Instant
  undone_at: Instant | null
}

/** What an import did to a row of `kind` subscription or suppression: made it, or changed what is in `before` (JSON). */
export interface ImportEntryTable {
  import_id: number
  kind: string
  row_id: number
  before: string | null
}

export interface SuppressionTable {
  id: Generated<number>
  address_hash: string
  address: string | null
  reason: string
  actor: string
  created_at: Instant
}

/**
 * The standing promise. `max_age` and `late` are milliseconds. What was published until `told_until` counts as told: a
 * restored database does not know what its lost editions told. With `segment_id` only those readers of the list get it.
 */
export interface DigestTable {
  id: Generated<number>
  slug: string
  title: string
  list_id: number
  channel_id: number
  max: number
  min: number
  max_age: number
  late: number
  created_at: Instant
  told_until: Instant | null
  segment_id: number | null
}

/**
 * An hour of a digest: `minute` of the local day in `zone`, on `weekdays` (bit 0 = Monday); due at `next_at`. The first of a
 * digest is its own; another one is there because readers asked for it, and has ended when none of them is left.
 */
export interface SlotTable {
  id: Generated<number>
  digest_id: number
  zone: string
  minute: number
  weekdays: number
  next_on: string
  next_at: Instant
  ended_at: Instant | null
}

/** What entered a digest, in order; append-only. */
export interface StoryTable {
  digest_id: number
  seq: number
  article_id: number
  excluded_at: Instant | null
}

/**
 * What a reader of a digest was told, up to where, and on which local day; whoever has no row yet is in the digest's own
 * slot. `spacing`: who moved since the last letter may have waited for this many days; null: as many as in the slot.
 */
export interface FollowTable {
  digest_id: number
  subscription_id: number
  slot_id: number
  told_seq: number
  last_on: string | null
  spacing: number | null
}

/**
 * One day's digest. `state`: composing → frozen → held | done, or skipped. `cursor` is the last subscription queued;
 * `judged_at` the moment that readers and stories were chosen by (null: `composed_at`).
 */
export interface EditionTable {
  id: Generated<number>
  public_id: string
  digest_id: number
  day: string
  slot_id: number
  revision: number
  state: string
  reason: string | null
  subject: string | null
  stories: number
  to_seq: number
  cursor: number
  due_at: Instant
  composed_at: Instant
  frozen_at: Instant | null
  held_at: Instant | null
  done_at: Instant | null
  braked_at: Instant | null
  reported_at: Instant | null
  complained_at: Instant | null
  stopped_at: Instant | null
  judged_at: Instant | null
}

/**
 * One rendering for all who share it; `html` and `text` hold fixed runs and slots (letters.ts). `sections` tells parts apart
 * that begin with the same story and hold others after it.
 */
export interface PartTable {
  id: Generated<number>
  edition_id: number
  revision: number
  from_seq: number
  to_seq: number
  language: string
  sections: string
  format: string
  stories: number
  subject: string
  html: string
  text: string
}

/** `form` is 'full' or 'headline'. */
export interface PartArticleTable {
  part_id: number
  position: number
  article_id: number
  form: string
}

/**
 * One edition to one subscriber. `state`: queued, claimed, submitting, submitted, deferred, refused, skipped, uncertain.
 * `told_before` is where the reader's follow stood; `doubted_at` keeps for ever that it once was uncertain. One that waits
 * and has a `domain` waits for that, and is due on no day.
 */
export interface DeliveryTable {
  edition_id: number
  subscriber_id: number
  subscription_id: number
  part_id: number
  state: string
  reason: string | null
  told_before: number
  due_at: Instant
  attempts: number
  sender_id: string | null
  claimed_at: Instant | null
  submitted_at: Instant | null
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
  domain: string | null
}

/** How many deliveries of an edition stand in each state; kept by the ledger's own commits. */
export interface TallyTable {
  edition_id: number
  state: string
  n: number
}

/** A relay we submit through; `name` is host:port, never its password. */
export interface RelayTable {
  id: Generated<number>
  name: string
  paused_until: Instant | null
  reason: string | null
  next_at: Generated<Instant>
  day_on: Generated<string>
  day_n: Generated<number>
}

/**
 * A domain that letters go to and that limits them, or refuses ours. `next_at` is when its next letter may go, `parked_at`
 * since when letters wait for it. While it refuses us there is a `reason` in its own words; `told` is how we know: smtp, or
 * bounce. Nothing goes there before `paused_until`; `tried_at` is when a few were let go to see. `pauses` counts, and counts
 * from `paused_at` on for some days.
 */
export interface RecipientDomainTable {
  domain: string
  next_at: Generated<Instant>
  parked_at: Instant | null
  paused_until: Instant | null
  paused_at: Instant | null
  pauses: Generated<number>
  reason: string | null
  told: string | null
  tried_at: Instant | null
}

/** A DKIM key of a domain: `private_key` is sealed, `public_key` is SPKI in base64, as DNS shows it. Of those whose `signs_at` has come, the latest signs. */
export interface DkimKeyTable {
  id: Generated<number>
  domain: string
  selector: string
  private_key: string
  public_key: string
  signs_at: Instant
  created_at: Instant
}

/** A process that sends; alive as long as it holds the lock of this id. */
export interface SenderTable {
  id: string
  started_at: Instant
}

/**
 * A letter to one person outside editions: confirmation, welcome, test. Same states as a delivery. A report of an edition goes
 * to an `address` of the newsroom and has neither subscriber nor subscription.
 */
export interface NoticeTable {
  id: Generated<number>
  kind: string
  subscriber_id: number | null
  subscription_id: number | null
  language: string
  state: string
  reason: string | null
  due_at: Instant
  attempts: number
  sender_id: string | null
  claimed_at: Instant | null
  submitted_at: Instant | null
  doubted_at: Instant | null
  relay_id: number | null
  reply: string | null
  created_at: Instant
  edition_id: number | null
  address: string | null
  address_hash: string | null
}

/** Append-only: what was changed, by whom, from what to what (JSON). */
export interface ChangeTable {
  id: Generated<number>
  actor: string
  verb: string
  subject: string
  before: string | null
  after: string | null
  at: Instant
}

/** Which firing of which job has been taken, so that one of many machines runs it. */
export interface CronRunTable {
  key: string
  at: Instant
}

/** What has been used of a limit: `n` times since `since_at`. `key` names no person in clear. */
export interface AllowanceTable {
  key: string
  since_at: Instant
  n: number
}

/**
 * Where this database sends from: one row. `instance` is its own name, `url` the address it last sent for, `place` what tells
 * it from a copy. Nothing is sent while `held_for` says why: restored (from this `backup`, made at `since_at`) or copied.
 * `logs` is JSON: the logs that the database which it took the place of wrote into, where that one was there to tell.
 */
export interface HomeTable {
  id: number
  instance: string
  url: string | null
  place: string | null
  logs: string | null
  held_for: string | null
  held_at: Instant | null
  backup: string | null
  since_at: Instant | null
}

/** A left.log that senders of this database write into: the identity of the file, and when one last began an edition. */
export interface LeftLogTable {
  id: string
  used_at: Instant
}

/** A key of the ring that this database's links are signed with, by its number there. */
export interface RingKeyTable {
  number: number
  fingerprint: string
}

/** What a lost edition has told, by the hash of its guid: it does not enter the digest again. */
export interface ToldStoryTable {
  digest_id: number
  key: string
}

/**
 * What came back about a letter. `kind`: hard, full (the mailbox), soft, policy (our own reputation), delayed, complaint,
 * leaving. `status` is RFC 3463's, `words` the other server's, without addresses; `domain` is the reader's, for counting;
 * `via`: mail, smtp (a relay refused it), or the provider that reported it. A notice has no edition.
 */
export interface BounceTable {
  id: Generated<number>
  subscriber_id: number
  edition_id: number | null
  kind: string
  status: string | null
  words: string
  domain: string
  via: string
  at: Instant
}

/** What was taken in already: the hash of a message, or a provider's name for an event. */
export interface ArrivalTable {
  key: string
  at: Instant
}

/** A provider that may report to us; `settings` is JSON, sealed with the key ring. */
export interface HookTable {
  provider: string
  settings: string
  created_at: Instant
}

/**
 * A mailbox that is read for what comes back. What has an id up to `uid`, as long as the server's `uid_validity` is this
 * (RFC 3501, 2.3.1.1), was looked at. `trouble` is what has been the matter since `trouble_at`, after `failures` tries.
 */
export interface MailboxTable {
  place: string
  uid_validity: number
  uid: number
  read_at: Instant | null
  next_at: Instant
  failures: number
  trouble: string | null
  trouble_at: Instant | null
}

/**
 * Somebody who works at the desk. `password` is an argon2id hash (PHC), null until one is chosen; `totp` the sealed secret of
 * the second factor, in force from `totp_at` on, `totp_step` the last step that was used. With `ended_at` nobody signs in.
 */
export interface AccountTable {
  id: Generated<number>
  public_id: string
  address: string
  address_hash: string
  name: string
  language: string
  password: string | null
  totp: string | null
  totp_step: number | null
  totp_at: Instant | null
  created_at: Instant
  ended_at: Instant | null
}

/** What an account may do (accounts/roles.ts), everywhere (`list_id` 0) or for one list. */
export interface AccountRoleTable {
  account_id: number
  list_id: number
  role: string
}

/** SHA-256 of a code that stands in for the second factor, once. */
export interface RecoveryCodeTable {
  account_id: number
  hash: string
}

/** A browser that is signed in; `hash` is SHA-256 of what its cookie holds, `public_id` names it on pages. */
export interface SessionTable {
  hash: string
  public_id: string
  account_id: number
  agent: string
  network: string
  created_at: Instant
  seen_at: Instant
}

/**
 * A link that lets somebody in, once; `hash` is SHA-256 of its token. `kind`: setup (the first owner), invite, reset.
 * `roles` is JSON (accounts.Roles).
 */
export interface InvitationTable {
  hash: string
  kind: string
  account_id: number | null
  roles: string
  actor: string
  created_at: Instant
  expires_at: Instant
  used_at: Instant | null
}

export interface Schema {
  site: SiteTable
  sealed: SealedTable
  image: ImageTable
  download: DownloadTable
  source: SourceTable
  source_host: SourceHostTable
  source_item: SourceItemTable
  wordpress_post: WordpressPostTable
  body_picture: BodyPictureTable
  image_address: ImageAddressTable
  former_name: FormerNameTable
  article: ArticleTable
  article_address: ArticleAddressTable
  tag: TagTable
  article_tag: ArticleTagTable
  author: AuthorTable
  article_author: ArticleAuthorTable
  channel: ChannelTable
  feed_reader: FeedReaderTable
  list: ListTable
  list_letter: ListLetterTable
  subscriber: SubscriberTable
  field: FieldTable
  segment: SegmentTable
  name_change: NameChangeTable
  subscription: SubscriptionTable
  consent: ConsentTable
  suppression: SuppressionTable
  import: ImportTable
  import_entry: ImportEntryTable
  digest: DigestTable
  slot: SlotTable
  story: StoryTable
  follow: FollowTable
  edition: EditionTable
  part: PartTable
  part_article: PartArticleTable
  delivery: DeliveryTable
  tally: TallyTable
  relay: RelayTable
  recipient_domain: RecipientDomainTable
  dkim_key: DkimKeyTable
  sender: SenderTable
  notice: NoticeTable
  change: ChangeTable
  cron_run: CronRunTable
  allowance: AllowanceTable
  home: HomeTable
  left_log: LeftLogTable
  ring_key: RingKeyTable
  told_story: ToldStoryTable
  bounce: BounceTable
  arrival: ArrivalTable
  hook: HookTable
  mailbox: MailboxTable
  account: AccountTable
  account_role: AccountRoleTable
  recovery_code: RecoveryCodeTable
  session: SessionTable
  invitation: InvitationTable
}
