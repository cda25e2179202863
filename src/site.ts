import type { Selectable } from 'kysely'
import type { Instant } from '../db/instant.ts'
import { instant } from '../db/instant.ts'
import type { Db, SiteTable } from '../db/schema.ts'
import { email, type Mailbox, mailbox } from './address.ts'
import type { Actor, App } from './app.ts'
import { record } from './changes.ts'
import { languageTag, zoneName } from './locale.ts'
import { Problem } from './problem.ts'
import { clean, escaped, oneLine, plain } from './text.ts'

/** The paper's identity. */
export type Site = Selectable<SiteTable>

/** What `site set` may change; texts as typed, standing pages as HTML or plain text. `logo_id` is an image that media.ts keeps, null for none. */
export type Identity = Partial<{
  name: string
  tagline: string
  accent: string
  language: string
  zone: string
  sender: string
  reply_to: string
  report_to: string
  postal_address: string
  logo_id: number | null
}> &
  Partial<Record<StandingPage, string>>

/** The pages that a paper may have besides its news, in the order in which they are named. */
export const standingPages = ['about', 'contact', 'privacy', 'imprint'] as const
export type StandingPage = (typeof standingPages)[number]

/** The paper as stored, its name from the environment where that says so. */
export async function show(app: Pick<App, 'config'>, db: Db): Promise<Site> {
  const site = await db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
  return { ...site, name: app.config.name ?? (site.name || 'نشرة') }
}

/** Changes the identity; everything published is built anew. */
export async function set(app: App, actor: Actor, identity: Identity): Promise<Site> {
  const values = checked(identity, app.config.url)
  await app.db.transaction().execute(async (db) => {
    const before = await db.selectFrom('site').selectAll().executeTakeFirstOrThrow()
    const at = instant(app.now())
    await db
      .updateTable('site')
      .set((eb) => ({ ...values, version: eb('version', '+', 1), changed_at: at }))
      .execute()
    const changed = Object.entries(values).filter(([key, value]) => before[key as keyof Site] !== value)
    const old = Object.fromEntries(changed.map(([key]) => [key, before[key as keyof Site]]))
    if (changed.length > 0)
      await record(db, actor, at, [
        { verb: 'site.set', subject: 'site', before: old, after: Object.fromEntries(changed) },
      ])
  })
  return show(app, app.db)
}

/** Says that something a reader can see has changed; in the transaction that changes it. */
export async function touch(db: Db): Promise<void> {
  await db
    .updateTable('site')
    .set((eb) => ({ version: eb('version', '+', 1) }))
    .execute()
}

/** Who writes to readers: the environment's sender, else the site's. Without one nothing is sent: a Problem. */
export function sender(app: Pick<App, 'config'>, site: Site): Mailbox {
  const from = app.config.from ?? (site.sender ? mailbox(site.sender) : undefined)
  if (!from) throw new Problem('no-sender')
  return { name: from.name || site.name, address: from.address }
}

/** The local calendar day of a moment, where the paper is. */
export function today(site: Site, at: Instant): Temporal.PlainDate {
  return Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(site.zone).toPlainDate()
}

function checked(identity: Identity, base: string): Identity {
  const { name, tagline, accent, language, zone, sender, reply_to, report_to, postal_address, logo_id } = identity
  if (accent !== undefined && !/^#[0-9a-f]{6}$/i.test(accent)) throw new Problem('bad-colour', { value: accent })
  if (sender) mailbox(sender)
  if (reply_to) mailbox(reply_to)
  if (report_to) email(report_to)
  return {
    ...(name !== undefined && { name: oneLine(name) }),
    ...(tagline !== undefined && { tagline: oneLine(tagline) }),
    ...(accent !== undefined && { accent: accent.toLowerCase() }),
    ...(language !== undefined && { language: languageTag(language) }),
    ...(zone !== undefined && { zone: zoneName(zone) }),
    ...(sender !== undefined && { sender: oneLine(sender) }),
    ...(reply_to !== undefined && { reply_to: oneLine(reply_to) }),
    ...(report_to !== undefined && { report_to: report_to && email(report_to) }),
    ...(postal_address !== undefined && { postal_address: oneLine(postal_address) }),
    ...(logo_id !== undefined && { logo_id }),
    ...Object.fromEntries(
      standingPages.flatMap((name) => (identity[name] === undefined ? [] : [[name, standing(identity[name], base)]])),
    ),
  }
}

/** HTML cleaned; plain text with its paragraphs and lines; nothing where there was nothing to read. */
function standing(text: string, base: string): string {
  const html = clean(/<[a-z!][^<>]*>/i.test(text) ? text : marked(text), base)
  return plain(html).trim() || html.includes('<img ') ? html : ''
}

function marked(text: string): string {
  const paragraphs = escaped(text)
    .replaceAll('\r\n', '\n')
    .split(/\n\s*\n/)
  return paragraphs.map((paragraph) => `<p>${paragraph.trim().replaceAll('\n', '<br>\n')}</p>`).join('\n')
}
