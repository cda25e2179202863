import { instant } from '../db/instant.ts'
import type { Actor, App } from './app.ts'
import * as changes from './changes.ts'
import * as deliveries from './deliveries/index.ts'
import * as digests from './digests/index.ts'
import * as editions from './editions.ts'
import * as home from './home.ts'
import * as leftLog from './left-log.ts'
import * as subscribers from './subscribers/index.ts'

/** What adopting did. `proof`: how it is known what went out since the backup: by left.log, by the engineer's word, or not. */
export type Adopted = {
  adopted: boolean
  proof: 'left.log' | 'word' | 'none'
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
 * place counts as sent, and where nothing tells what did, that is all that waited and all that could have been told. With
 * `nothingSent` the engineer vouches that nothing went out since. Nothing happens to one that is not held.
 */
export async function adopt(app: App, actor: Actor, { nothingSent = false } = {}): Promise<Adopted> {
  const held = await home.show(app.db)
  const none = { left: 0, waiting: 0, givenUp: 0, told: 0, hours: 0 }
  if (!held.held_for) return { adopted: false, proof: 'none', ...none }
  const now = instant(app.now())
  const lines = await leftLog.known(app.config.data)
  const proof = nothingSent ? 'word' : provedBy(lines, held) ? 'left.log' : 'none'
  const open = await editions.unfinished(app.db)
  const since = proof === 'left.log' ? await begunSince(app, lines, held) : []
  const lost = open.filter((one) => proof === 'none' || since.some((line) => line.edition === one.public_id))
  const told = proof === 'none' ? await digests.everything(app.db, now) : since
  const done = await app.db.transaction().execute(async (db) => {
    const left = await subscribers.replay(db, lines.filter(leftLog.isLeaving))
    const ids = lost.map((one) => one.id)
    for (const id of ids) await editions.freeze(db, id, now) // one that was being composed gets no more readers
    const givenUp = await deliveries.giveUp(db, ids, now)
    const notices = nothingSent ? 0 : await deliveries.giveUpNotices(db) // no log tells of these
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

/** Whether these logs are of the place where the backup was made, and go on after it. */
function provedBy(lines: leftLog.Line[], { held_for, backup }: home.Home): boolean {
  return held_for === 'restored' && lines.some((line) => line.what === 'saved' && line.backup === backup)
}

/** The sendings that began after the backup, or were under way then. */
async function begunSince(app: App, lines: leftLog.Line[], { since_at }: home.Home): Promise<leftLog.Sending[]> {
  const rows = await app.db.selectFrom('sender').select('id').execute()
  const alive = new Set(rows.map((row) => row.id))
  return lines
    .filter((line) => line.what === 'sending')
    .filter((line) => line.at >= since_at! || alive.has(line.sender))
}
