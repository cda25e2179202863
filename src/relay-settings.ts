import { instant } from '../db/instant.ts'
import type { Db } from '../db/schema.ts'
import type { Actor, App } from './app.ts'
import { record } from './changes.ts'
import { type Relay, readRelays } from './config.ts'
import { seal, unseal } from './keys.ts'
import { Problem } from './problem.ts'

const ABOUT = 'relays'
const CONNECTIONS = 10
const NONE: readonly Relay[] = []

type World = Pick<App, 'config' | 'database' | 'db' | 'keys' | 'log'>
type Known = { sealed: string | null; relays: readonly Relay[] }

const known = new WeakMap<App['database'], Known>() // what this process has read of the database

/** Who takes our letters, the first choice first: those of NASHRA_SMTP, or else those that were set at the desk. */
export function relaysOf({ config, database }: Pick<App, 'config' | 'database'>): readonly Relay[] {
  return config.relays.length > 0 ? config.relays : (known.get(database)?.relays ?? NONE)
}

/** Reads what was set at the desk, if it has been set anew. What the key ring cannot open counts as none, and is logged. */
export async function look(app: World): Promise<void> {
  const sealed = await stored(app.db)
  const before = known.get(app.database)
  if (before && before.sealed === sealed) return
  known.set(app.database, { sealed, relays: opened(app, sealed) })
}

function opened({ keys, log }: World, sealed: string | null): Relay[] {
  if (sealed === null) return []
  try {
    return readRelays(unseal(keys, ABOUT, sealed), CONNECTIONS)
  } catch (error) {
    log.error('the relays that were set at the desk cannot be read: set them again', { error })
    return []
  }
}

/**
 * Sets them: addresses like NASHRA_SMTP holds, with white space between; empty for none. They are sealed with the key ring,
 * and the trail tells the hosts alone. A Problem while NASHRA_SMTP decides, or for what is no such address.
 */
export async function set(app: World & Pick<App, 'now'>, actor: Actor, text: string): Promise<void> {
  if (app.config.relays.length > 0) throw new Problem('relays-elsewhere')
  const relays = checked(text)
  const sealed = relays.length > 0 ? seal(app.keys, ABOUT, text.trim()) : null
  await app.db.transaction().execute(async (db) => {
    await db.deleteFrom('sealed').where('name', '=', ABOUT).execute()
    if (sealed !== null) await db.insertInto('sealed').values({ name: ABOUT, value: sealed }).execute()
    await record(db, actor, instant(app.now()), [
      { verb: 'relay.set', subject: 'site', after: { relays: relays.map(({ name }) => name) } },
    ])
  })
  await look(app)
}

/** What a provider says of its server, as people type it into fields. */
export type Place = { host: string; port: string; user: string; password: string }

/** The same as an address like NASHRA_SMTP holds. A host that is such an address already is taken as it is. */
export function spelled({ host, port, user, password }: Place): string {
  if (/^smtps?:\/\//i.test(host)) return host
  const n = Number(port)
  if (!/^[\p{L}\p{N}._-]+$/u.test(host) || !Number.isInteger(n) || n < 1 || n > 65_535)
    throw new Problem('bad-relay-place')
  const who = user ? `${encodeURIComponent(user)}:${encodeURIComponent(password)}@` : ''
  return `${n === 465 ? 'smtps' : 'smtp'}://${who}${host}:${n}`
}

/** The relays that a text names, or a Problem that says what is wrong with it, without its passwords. */
export function checked(text: string): Relay[] {
  try {
    return text.trim() === '' ? [] : readRelays(text.trim(), CONNECTIONS)
  } catch (error) {
    throw new Problem('bad-relay', { reason: (error as Error).message }, { cause: error })
  }
}

async function stored(db: Db): Promise<string | null> {
  const row = await db.selectFrom('sealed').select('value').where('name', '=', ABOUT).executeTakeFirst()
  return row?.value ?? null
}
