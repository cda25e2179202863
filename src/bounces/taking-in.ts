import type { Selectable } from 'kysely'
import { instant } from '../../db/instant.ts'
import type { MailboxTable } from '../../db/schema.ts'
import type { App } from '../app.ts'
import { TAKEN } from '../inbound.ts'
import { known, remember } from './arrivals.ts'
import type { Folder, Held } from './folder.ts'
import { digestOf, receive } from './incoming.ts'
import type { Judged } from './message.ts'
import { READ, type Reader } from './reader.ts'
import { type Recipient, recipientOf } from './recipient.ts'

const TURN = 45_000 // ms in which new batches begin; the next turn goes on from there
const BATCH = 20 // messages that are held at a time
const WINDOW = 20_000 // ids that are asked about at a time
const BACK = { hours: 30 * 24 } // what is older is no business of ours: a mailbox may be older than the paper
const UNMOVED = `what was taken in cannot be moved to its folder ${TAKEN}`

/** `row` says how far the folder was read; `over` ends it soon. */
type Turn = { folder: Folder; reader: Reader; row: Selectable<MailboxTable>; over: AbortSignal }

/** Takes in what has come since the last look, for as long as a turn takes. Answers what is the matter nevertheless. */
export async function readFolder(app: App, { folder, reader, row, over }: Turn): Promise<string | undefined> {
  const deadline = performance.now() + TURN
  const oldest = app.now().subtract(BACK)
  let moved: boolean | undefined
  let uid = row.uid_validity === folder.validity ? row.uid : 0
  async function reached(next: number): Promise<void> {
    uid = next
    const { validity: uid_validity } = folder
    await app.db.updateTable('mailbox').set({ uid_validity, uid }).where('place', '=', row.place).execute()
  }
  while (uid < folder.next - 1 && performance.now() < deadline) {
    const last = Math.min(uid + WINDOW, folder.next - 1)
    const uids = await folder.since(uid + 1, last, oldest)
    while (uids.length > 0 && performance.now() < deadline) {
      const batch = uids.splice(0, BATCH)
      const held = await folder.read(batch, READ)
      const ours: number[] = []
      for (const one of held) {
        over.throwIfAborted()
        if (await takeIn(app, reader, one)) ours.push(one.uid)
      }
      if (ours.length > 0) moved = (await folder.putAway(ours)) && moved !== false
      await reached(batch.at(-1)!)
      app.log.info('mail was taken from a mailbox', { looked: held.length, taken: ours.length })
    }
    if (uids.length === 0) await reached(last)
  }
  return moved === false || (moved === undefined && row.trouble === UNMOVED) ? UNMOVED : undefined
}

/** Whether a message was ours: that it was is remembered, so that what could not be moved changes nothing a second time. */
async function takeIn(app: App, reader: Reader, { raw }: Held): Promise<boolean> {
  const message = await reader.read(raw)
  if (message === 'busy') throw new Error('messages cannot be read just now')
  if (message === undefined) {
    app.log.warn('a message that came in cannot be read', { bytes: raw.length })
    return false
  }
  let ours = false
  for (const recipient of await recipientsOf(app, message)) {
    const digest = digestOf(recipient, message, raw)
    const key = `mailbox ${digest}`
    if (await known(app.db, key)) ours = true
    else if ((await receive(app, recipient, message, digest)) === 'taken') {
      await remember(app.db, key, instant(app.now()))
      ours = true
    }
  }
  return ours
}

/** Whom a message came in for. Where no address of ours is named it is judged by what it returns, as one to the paper. */
async function recipientsOf(app: App, { to }: Judged): Promise<Recipient[]> {
  const found: Recipient[] = []
  for (const address of to) {
    const recipient = await recipientOf(app, address)
    if (recipient) found.push(recipient)
  }
  const letters = found.filter(({ role }) => role !== 'paper')
  if (letters.length > 0) return letters
  return [found[0] ?? { role: 'paper', lists: [] }]
}
