import { createHash } from 'node:crypto'
import { renameSync } from 'node:fs'
import { instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import * as changes from './changes.ts'
import { type Keys, makeRing, readRing } from './keys.ts'
import { Problem } from './problem.ts'

/*
 * The key ring that belongs to a database. Links in letters that are out are worth nothing without the keys that signed them,
 * so a ring is made only while none is out, and the database knows each of its keys again.
 */

/**
 * The key ring of this file. Where there is none it is made, but not for a database whose letters are out: a Problem, unless
 * the engineer says that it is lost for good (`anew`); a ring that cannot be read is then set aside.
 */
export async function open(db: Db, file: string, { anew = false } = {}): Promise<Keys> {
  try {
    const keys = readRing(file)
    if (keys) return keys
  } catch (error) {
    if (!anew || !(error instanceof Problem && error.code === 'file-unreadable')) throw error
    renameSync(
      file,
      `${file}.before-${Temporal.Now.instant()
        .toString({ smallestUnit: 'second' })
        .replace(/[^0-9TZ]/g, '')}`,
    )
  }
  if (!anew && (await areOut(db))) throw new Problem('keys-lost', { file })
  return makeRing(file)
}

/** Has the database know these keys; one that signed its letters and is missing is a Problem, unless it is lost for good. */
export async function know(db: Db, keys: Keys, file: string, { anew = false } = {}): Promise<void> {
  const here = [...keys].map(([number, key]) => ({ number, fingerprint: fingerprint(key) }))
  const known = await db.selectFrom('ring_key').selectAll().execute()
  const lost = known.filter((one) => !includes(here, one))
  const fresh = here.filter((one) => !includes(known, one))
  if (lost.length > 0) {
    if (!anew && (await areOut(db))) {
      throw new Problem('keys-other', { file, keys: lost.map(({ number }) => number).join(', ') })
    }
    for (const { number, fingerprint } of lost)
      await db.deleteFrom('ring_key').where('number', '=', number).where('fingerprint', '=', fingerprint).execute()
  }
  if (fresh.length === 0) return
  await db
    .insertInto('ring_key')
    .values(fresh)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

/** Records that somebody let new keys take the place of lost ones. */
export async function noteNew(app: App, actor: Actor): Promise<void> {
  const after = { keys: [...app.keys.keys()] }
  await changes.record(app.db, actor, instant(app.now()), [
    { verb: 'keys.renew', subject: 'keys', before: null, after },
  ])
}

type Known = { number: number; fingerprint: string }

function includes(all: Known[], one: Known): boolean {
  return all.some(({ number, fingerprint }) => number === one.number && fingerprint === one.fingerprint)
}

/** Tells a key from others and nothing of it. */
function fingerprint(key: Buffer): string {
  return createHash('sha256').update('nashra key ').update(key).digest('hex').slice(0, 32)
}

/** Whether letters with links are out. A database that has no tables yet has sent none. */
async function areOut(db: Db): Promise<boolean> {
  const out = ['submitted', 'uncertain', 'submitting']
  const there = new Set((await db.introspection.getTables()).map(({ name }) => name))
  if (!there.has('tally') || !there.has('notice')) return false
  const letters = db.selectFrom('tally').select('n').where('state', 'in', out).where('n', '>', 0).limit(1)
  if (await letters.executeTakeFirst()) return true
  return (
    (await db.selectFrom('notice').select('id').where('state', 'in', out).limit(1).executeTakeFirst()) !== undefined
  )
}
