import { createHash } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Instant, instant, later, moment } from '../../db/instant.ts'
import type { Db, MailboxTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { isMailbox, type Mailbox } from '../inbound.ts'
import { openReader } from './reader.ts'
import { readFolder } from './taking-in.ts'

type Row = Selectable<MailboxTable>

const MINUTE = 60_000 // ms
const PAUSES = [1, 2, 4, 8, 15].map((minutes) => minutes * MINUTE) // after failures, one after another
const UNREAD = 30 * MINUTE // without a look: nobody reads it

/**
 * Takes in what has come into the mailboxes of NASHRA_INBOUND, each if its time has come and nobody else reads it. What is
 * ours is moved to the folder Nashra; letters for people stay where they are. Whoever is killed over it leaves nothing
 * unread, and nothing counts twice.
 */
export async function readMailboxes(app: App, signal: AbortSignal): Promise<void> {
  await Promise.all(mailboxes(app).map((mailbox) => turn(app, mailbox, signal)))
}

/** What is the matter with the mailboxes, in words, whoever reads them; undefined while nothing is. */
export async function mailboxTrouble(app: App): Promise<string | undefined> {
  const said: string[] = []
  for (const mailbox of mailboxes(app)) {
    const row = await rowOf(app.read, placeOf(mailbox))
    const trouble = row && troubleOf(row, instant(app.now()))
    if (trouble) said.push(`${mailbox.host} (${mailbox.folder}): ${trouble}`)
  }
  return said.length > 0 ? said.join('; ') : undefined
}

function troubleOf({ trouble, trouble_at, read_at, next_at, failures }: Row, now: Instant): string | undefined {
  if (trouble) {
    const again = failures > 0 ? `, next try ${minuteOf(next_at)}` : ''
    return `${trouble} (since ${minuteOf(trouble_at ?? next_at)}${again})`
  }
  if (read_at !== null && read_at < later(now, -UNREAD)) return `not read since ${minuteOf(read_at)}: does serve run?`
  return undefined
}

/** Connects and logs in, as a look of doctor's; answers how many messages the folder holds. Throws in words. */
export async function tryMailbox(mailbox: Mailbox): Promise<number> {
  const { openFolder, reasonOf } = await import('./folder.ts')
  try {
    const folder = await openFolder(mailbox, AbortSignal.timeout(MINUTE))
    await folder.close()
    return folder.messages
  } catch (error) {
    throw new Error(reasonOf(error, mailbox), { cause: error })
  }
}

function mailboxes({ config }: App): Mailbox[] {
  return config.inbound.filter(isMailbox)
}

/** What a mailbox is called in the database. */
function placeOf({ user, host, port, folder }: Mailbox): string {
  return `${user}@${host}:${port}/${folder}`
}

/** Which mailboxes this process has looked at: it does not wait for a pause that an earlier one, perhaps with another password, began. */
const seen = new WeakMap<App['database'], Set<string>>()

async function turn(app: App, mailbox: Mailbox, signal: AbortSignal): Promise<void> {
  const place = placeOf(mailbox)
  const mine = seen.get(app.database) ?? new Set()
  seen.set(app.database, mine)
  const row = await rowOf(app.db, place)
  if (row && row.failures > 0 && mine.has(place) && row.next_at > instant(app.now())) return
  mine.add(place)
  const lock = await app.database.hold(`mailbox-${createHash('sha256').update(place).digest('hex').slice(0, 32)}`)
  if (!lock) return // another process reads it
  const over = AbortSignal.any([signal, lock.lost])
  try {
    await attempt(app, mailbox, over)
  } finally {
    await lock.release().catch(() => {}) // a lost one is released already
  }
}

/** One turn and the record of how it ended. */
async function attempt(app: App, mailbox: Mailbox, over: AbortSignal): Promise<void> {
  const { reasonOf, openFolder } = await import('./folder.ts') // not loaded where no mailbox is read
  const row = await begun(app, placeOf(mailbox))
  const about = { host: mailbox.host, folder: mailbox.folder }
  let trouble: string | undefined
  try {
    const folder = await openFolder(mailbox, over)
    const reader = openReader()
    try {
      trouble = await readFolder(app, { folder, reader, row, over })
    } finally {
      await Promise.all([reader.close(), folder.close()])
    }
  } catch (error) {
    if (over.aborted) return
    const reason = reasonOf(error, mailbox)
    const failures = row.failures + 1
    const pause = PAUSES[Math.min(failures, PAUSES.length) - 1]!
    app.log.warn('a mailbox cannot be read', { ...about, reason, minutes: pause / MINUTE })
    await note(app, row, { failures, next_at: later(instant(app.now()), pause), trouble: reason })
    return
  }
  if (trouble && trouble !== row.trouble)
    app.log.warn('a mailbox is not as it should be', { ...about, reason: trouble })
  if (row.failures > 0) app.log.info('a mailbox is read again', about)
  const now = instant(app.now())
  await note(app, row, { failures: 0, next_at: now, read_at: now, trouble: trouble ?? null })
}

async function rowOf(db: Db, place: string): Promise<Row | undefined> {
  return db.selectFrom('mailbox').selectAll().where('place', '=', place).executeTakeFirst()
}

async function begun({ db, now }: App, place: string): Promise<Row> {
  const fresh = { uid_validity: 0, uid: 0, next_at: instant(now()), failures: 0 }
  await db
    .insertInto('mailbox')
    .values({ place, ...fresh })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return (await rowOf(db, place))!
}

type Note = Pick<Row, 'failures' | 'next_at' | 'trouble'> & { read_at?: Instant }

async function note(app: App, row: Row, found: Note): Promise<void> {
  const { trouble_at } = row.trouble === null ? { trouble_at: instant(app.now()) } : row
  await app.db
    .updateTable('mailbox')
    .set({ ...found, trouble_at: found.trouble === null ? null : trouble_at })
    .where('place', '=', row.place)
    .execute()
}

function minuteOf(at: Instant): string {
  return `${moment(at).toString().slice(0, 16)}Z`
}
