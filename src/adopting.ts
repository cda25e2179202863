import { instant } from '../db/instant.ts'
import type { Actor, App } from './app.ts'
import * as changes from './changes.ts'
import * as deliveries from './deliveries/index.ts'
import * as digests from './digests/index.ts'
import * as editions from './editions.ts'
import * as home from './home.ts'
import * as leftLog from './left-log.ts'
import * as subscribers from './subscribers/index.ts'

/**
 * How it is known what went out since the backup. `left.log`: by the log in its own place. `logs`: by the logs here, of which
 * the engineer says that they are complete. `word`: nothing did, says the engineer. Where nothing proves it, why: `none` (no
 * log goes on from this backup), `copy` (one does, and lies here as a copy), `others` (other logs may tell of more).
 */
export type Proof = 'left.log' | 'logs' | 'word' | 'none' | 'copy' | 'others'

/** What the engineer vouches for: nothing was sent since; or the logs here go on to the last letter of every sender. */
export type Word = { nothingSent?: boolean; logsComplete?: boolean }

/** What adopting did. */
export type Adopted = {
  adopted: boolean
  proof: Proof
  /** Readers who had left since, and are out again. */
  left: number
  /** Letters that wait and will be sent; letters given up, because they may have gone out. */
  waiting: number
  givenUp: number
  /** Digests whose stories until now count as told, and hours of theirs that are not made up. */
  told: number
  hours: number
}

/**
 * Makes a restored or copied database the one that sends. Nobody gets a letter twice: what may have gone out from the other
 * place counts as sent, and where nothing proves what did, that is all that waited and all that could have been told. Nothing
 * happens to one that is at home.
 */
export async function adopt(app: App, actor: Actor, word: Word = {}): Promise<Adopted> {
  const held = await home.show(app.db)
  const none = { left: 0, waiting: 0, givenUp: 0, told: 0, hours: 0 }
  if (!(await home.away(app))) return { adopted: false, proof: 'none', ...none }
  const now = instant(app.now())
  const lines = await leftLog.known(app.config.data)
  const proof = await proofOf(app, word)
  const proven = proof === 'left.log' || proof === 'logs'
  const lost = !proven && proof !== 'word'
  const open = await editions.unfinished(app.db)
  const since = proven ? await begunSince(app, lines, held) : []
  const begun = open.filter((one) => lost || since.some((line) => line.edition === one.public_id))
  const told = lost ? await digests.everything(app.db, now) : since
  const done = await app.db.transaction().execute(async (db) => {
    const left = await subscribers.replay(db, lines.filter(leftLog.isLeaving))
    const ids = begun.map((one) => one.id)
    for (const id of ids) await editions.freeze(db, id, now) // one that was being composed gets no more readers
    const givenUp = await deliveries.giveUp(db, ids, now)
    const notices = proof === 'word' ? 0 : await deliveries.giveUpNotices(db) // no log tells of these
    const hours = await digests.passOver(db, told, now)
    return { left, givenUp: givenUp + notices, hours }
  })
  await home.adopt(app)
  const adopted = {
    adopted: true,
    proof,
    waiting: await deliveries.waitingInAll(app.db),
    told: new Set(told.map((one) => one.digest)).size,
    ...done,
  } as const
  await changes.record(app.db, actor, now, [{ verb: 'home.adopt', subject: 'home', before: held, after: adopted }])
  return adopted
}

/**
 * How it would be known at adoption what went out since the backup. A log proves that only in its own place (a copy ends
 * when it was made), and only where no other was written into: on PostgreSQL the database that the backup took the place of
 * must be there to say so.
 */
export async function proofOf(app: App, { nothingSent, logsComplete }: Word = {}): Promise<Proof> {
  if (nothingSent) return 'word'
  const { held_for, backup, since_at, logs } = await home.show(app.db)
  const lines = held_for === 'restored' ? await leftLog.known(app.config.data) : []
  if (!lines.some((line) => line.what === 'saved' && line.backup === backup)) return 'none'
  if (logsComplete) return 'logs'
  const own = await leftLog.goesOnAfter(app.config.data, backup)
  if (own === undefined) return 'copy'
  if (logs === null && app.database.kind === 'postgres') return 'others'
  const written = [...(await home.logs(app.db, since_at!)), ...home.heard(logs)]
  if (written.some(({ id }) => id !== own)) return 'others'
  const last = Math.max(0, ...written.map(({ used_at }) => used_at))
  return last === 0 || lines.some((line) => line.what === 'sending' && line.at >= last) ? 'left.log' : 'copy'
}

/** The sendings that began after the backup, or were under way then. */
async function begunSince(app: App, lines: leftLog.Line[], { since_at }: home.Home): Promise<leftLog.Sending[]> {
  const rows = await app.db.selectFrom('sender').select('id').execute()
  const alive = new Set(rows.map((row) => row.id))
  return lines
    .filter((line) => line.what === 'sending')
    .filter((line) => line.at >= since_at! || alive.has(line.sender))
}
