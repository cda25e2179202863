import { createHash } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Instant, instant } from '../../db/instant.ts'
import type { ListTable } from '../../db/schema.ts'
import { type Email, email, type Mailbox, mailbox } from '../address.ts'
import type { App } from '../app.ts'
import { envelope, leaveAddress } from '../bounces/envelope.ts'
import type { Relay } from '../config.ts'
import * as dkim from '../dkim/index.ts'
import { letterhead } from '../letterhead.ts'
import * as letters from '../letters/index.ts'
import type { Piece } from '../mail.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import { tokens } from '../subscribers/tokens.ts'
import { reportLetter } from './report.ts'
import { type Hand, openSigning, type Signing } from './signing.ts'
import type { NoticeKey, ReportKey, Task } from './task.ts'

/** A letter as it goes to the relay, in its pieces. */
export type Letter = { from: Email; to: Email; pieces: readonly Piece[] }

/** Makes letters: what many readers share is prepared once and kept for a while. */
export type Desk = {
  /** Reads what these letters need; afterwards each is made without the database. Without a sender, or the key to sign with: a Problem. */
  prepare(tasks: Task[]): Promise<void>
  /** Signed, unless the relay does that. */
  make(task: Task, relay: Pick<Relay, 'sign'>): Promise<Letter>
}

/** What all letters of a list have in common. */
export type Shared = letters.Shared

type List = Pick<Selectable<ListTable>, 'slug' | 'title' | 'sender' | 'reply_to'>
type Sheet = {
  fixed: letters.Fixed
  from: Mailbox
  made: string
  hand?: Hand | undefined
  signature?: dkim.Signature | undefined
}

const KEPT = 64 // sheets; one is about 150 KB
const USED = 120_000 // ms that a sheet stays after its letters were claimed, however many there are

export function openDesk(app: App): Desk {
  const sheets = new Map<string, Sheet>()
  const usedAt = new Map<string, number>()
  const signing = openSigning(app)
  return {
    async prepare(tasks) {
      const identity = await site.show(app, app.db)
      const sender = site.sender(app, identity)
      for (const [key, task] of new Map(tasks.map((task) => [sheetOf(task), task]))) {
        const kept = sheets.get(key)
        try {
          const sheet =
            task.table === 'delivery'
              ? await editionSheet(app, identity, sender, task, kept)
              : task.kind === 'report'
                ? await reportSheet(app, identity, sender, task, kept)
                : await noticeSheet(app, identity, sender, task, kept)
          await sign(sheet, signing)
          sheets.delete(key) // to the end of the map: the first ones are those unused for longest
          sheets.set(key, sheet)
          usedAt.set(key, performance.now())
        } catch (error) {
          if (error instanceof Problem && error.code.startsWith('dkim-')) throw error
          app.log.error('a letter cannot be prepared', { sheet: key, error }) // the others go out
        }
      }
      for (const key of [...sheets.keys()].slice(0, Math.max(0, sheets.size - KEPT))) {
        if (performance.now() - (usedAt.get(key) ?? 0) < USED) break // its letters may still be waiting for a line
        sheets.delete(key)
        usedAt.delete(key)
      }
    },
    async make(task, relay) {
      const sheet = sheets.get(sheetOf(task))
      if (!sheet) throw new Error('this letter was not prepared')
      const to = email(task.address) // our own grammar once more, before it becomes a header
      const letter = letters.spliced(sheet.fixed, personal(app, task, sheet.from, to))
      const signature = sheet.signature && relay.sign ? await signed(app, sheet.signature, sheet.fixed, letter) : ''
      const from = envelope(app, aboutOf(task), sheet.from.address)
      return { from, to, pieces: [signature + letter.head, ...letter.body] }
    },
  }
}

function personal(app: App, task: Task, from: Mailbox, to: Email): letters.Personal {
  return { to, messageId: messageId(task, from), date: instant(app.now()), tokens: tokensOf(app, task) }
}

/** A report is about no subscription. */
function tokensOf(app: App, task: Task): letters.Personal['tokens'] {
  if (task.table === 'notice' && task.kind === 'report') return {}
  const requested_at = task.table === 'notice' ? task.created_at : null // a confirmation is asked for with the request
  const of = tokens(app, { id: task.subscription_id, requested_at }) // each is made when it is asked for
  if (task.table === 'notice' && task.kind === 'confirm') return { confirm: of.confirm }
  return { unsubscribe: of.unsubscribe, preferences: of.preferences }
}

function signed(app: App, sign: dkim.Signature, fixed: letters.Fixed, letter: letters.Spliced): Promise<string> {
  return sign(letter.own, letters.bodyHash(fixed, letter), Math.floor(instant(app.now()) / 1000))
}

/**
 * Looks up who signs a sheet's letters now. A new signature is proved with a letter to the sheet's own sender; until then
 * its letters bear the one before.
 */
async function sign(sheet: Sheet, signing: Signing): Promise<void> {
  const hand = await signing(sheet.from.address)
  if (hand === sheet.hand) return
  const signature = hand && (await proved(sheet, hand))
  sheet.hand = hand
  sheet.signature = signature
}

async function proved({ fixed, from: { address } }: Sheet, { signer, prove }: Hand): Promise<dkim.Signature> {
  const signature = dkim.signatures(signer, fixed.sender, fixed.constant)
  const token = '-'.repeat(30)
  const letter = letters.spliced(fixed, {
    to: address,
    messageId: `test@${address.split('@')[1]}`,
    date: 0 as Instant,
    tokens: { unsubscribe: token, confirm: token, preferences: token },
  })
  const field = await signature(letter.own, letters.bodyHash(fixed, letter), 0)
  prove(field + letter.head + Buffer.concat(letter.body).toString('latin1'))
  return signature
}

function aboutOf(task: Task) {
  return { edition_id: task.table === 'delivery' ? task.edition_id : null, subscriber_id: task.subscriber_id }
}

/** The same for every try: whoever gets a letter twice sees it once. */
function messageId(task: Task, from: Mailbox): string {
  return `${nameOf(task)}@${from.address.slice(from.address.lastIndexOf('@') + 1)}`
}

/** By ids that no other paper has: inner ones begin again after a restore, and in every copy. */
function nameOf(task: Task): string {
  if (task.table === 'delivery') return `e${task.edition_public_id}.${task.public_id}`
  const at = task.created_at.toString(36)
  if (task.kind === 'report') return `report.${task.edition_public_id}.${at}`
  return `n${task.id}.${at}.${task.public_id}`
}

function sheetOf(task: Task): string {
  if (task.table === 'delivery') return `part ${task.part_id}`
  const about = task.kind === 'report' ? task.id : task.list_id
  const whose = task.kind === 'welcome' || task.kind === 'goodbye' ? ` ${task.subscriber_id}` : '' // it may name its reader
  return `notice ${task.kind} ${task.language} ${about}${whose}`
}

/** What stands in the header of every letter of an edition, by who writes and for which list. */
export function editionHeader(
  app: App,
  identity: site.Site,
  sender: Mailbox,
  of: { list: List; digest: string; edition: string },
): Shared {
  const { list, digest, edition } = of
  const from = list.sender ? mailbox(list.sender) : sender
  const replyTo = list.reply_to ?? identity.reply_to
  return {
    from: { name: from.name || identity.name, address: from.address },
    ...(replyTo && { replyTo: mailbox(replyTo) }),
    listId: {
      id: `${list.slug}.${new URL(app.config.url).hostname.replace(/[^a-z0-9.-]/gi, '') || 'localhost'}`,
      title: list.title,
    },
    feedbackId: `${edition}:${list.slug}:${digest}:nashra`,
    oneClick: true,
    leaveBy: (unsubscribe) => leaveAddress(app, unsubscribe, from.address),
    publicUrl: app.config.url,
    boundary: boundary(`${edition} ${list.slug}`),
  }
}

async function editionSheet(
  app: App,
  identity: site.Site,
  sender: Mailbox,
  task: Task & { table: 'delivery' },
  kept: Sheet | undefined,
): Promise<Sheet> {
  const row = await app.db
    .selectFrom('edition')
    .innerJoin('digest', 'digest.id', 'edition.digest_id')
    .innerJoin('list', 'list.id', 'digest.list_id')
    .select(['edition.public_id', 'digest.slug as digest', 'list.slug', 'list.title', 'list.sender', 'list.reply_to'])
    .where('edition.id', '=', task.edition_id)
    .executeTakeFirstOrThrow()
  const shared = editionHeader(app, identity, sender, { list: row, digest: row.digest, edition: row.public_id })
  const made = JSON.stringify(shared)
  if (kept?.made === made) return kept
  const part = await app.db
    .selectFrom('part')
    .select(['subject', 'html', 'text', 'language'])
    .where('id', '=', task.part_id)
    .executeTakeFirstOrThrow()
  return { fixed: letters.fix(part, { ...shared, language: part.language }), from: shared.from, made }
}

async function noticeSheet(
  app: App,
  identity: site.Site,
  sender: Mailbox,
  task: Task & NoticeKey,
  kept: Sheet | undefined,
): Promise<Sheet> {
  const list = await app.db.selectFrom('list').selectAll().where('id', '=', task.list_id).executeTakeFirstOrThrow()
  const { listId: _, ...shared } = editionHeader(app, identity, sender, { list, digest: task.kind, edition: 'notice' })
  const header: Shared = { ...shared, oneClick: task.kind !== 'confirm' }
  const own = task.kind === 'confirm' ? {} : await ownWords(app, task)
  const made = JSON.stringify([header, identity, list.title, own])
  if (kept?.made === made) return kept
  const rendered = letters.renderNotice({
    kind: task.kind,
    paper: await letterhead(app, app.db),
    list: { title: list.title },
    language: task.language,
    publicUrl: app.config.url,
    ...own,
  })
  return { fixed: letters.fix(rendered, { ...header, language: task.language }), from: header.from, made }
}

/** The list's own words for this letter in the reader's language, if it has any, and the reader's name. */
async function ownWords(app: App, task: Task & NoticeKey): Promise<Pick<letters.Notice, 'own' | 'name'>> {
  const words = await app.db
    .selectFrom('list_letter')
    .select(['subject', 'body'])
    .where('list_id', '=', task.list_id)
    .where('kind', '=', task.kind)
    .where('language', 'in', [task.language, task.language.split('-')[0]!])
    .orderBy('language', 'desc')
    .executeTakeFirst()
  if (!words?.body) return {}
  const reader = await app.db
    .selectFrom('subscriber')
    .select('name')
    .where('id', '=', task.subscriber_id)
    .executeTakeFirst()
  const own = { subject: words.subject, paragraphs: words.body.split('\n\n') }
  return { own, ...(reader?.name && { name: reader.name }) }
}

async function reportSheet(
  app: App,
  identity: site.Site,
  from: Mailbox,
  task: ReportKey,
  kept: Sheet | undefined,
): Promise<Sheet> {
  const { language, report_of } = task
  const header: Shared = {
    ...{ from, oneClick: false, publicUrl: app.config.url, language },
    ...{ feedbackId: `report:${report_of}:report:nashra`, boundary: boundary(`report ${report_of}`) },
  }
  const made = JSON.stringify([header, identity])
  if (kept?.made === made) return kept
  return { fixed: letters.fix(await reportLetter(app, report_of, language), header), from, made }
}

/** No letter holds this line by chance, and the same letter always has the same one. */
function boundary(text: string): string {
  return `nashra-${createHash('sha256').update(text).digest('hex').slice(0, 24)}`
}
