import { instant } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import { discover, type Found } from './discovery.ts'
import { address, checked, columns } from './settings.ts'
import { looksLikeFeed } from './sniffing.ts'
import type { Settings, Source } from './source.ts'

/** A source that was added, how its feed was found, and what an editor should know about it. */
export type Added = Source & { found?: Pick<Found, 'how' | 'others'>; warning?: string }

const PATIENCE = 10_000 // ms for a site to show its feed

/**
 * Adds a source. A feed's address is stored unread; any other is asked once for where its stories are read. One that cannot
 * be asked now is stored all the same, with a warning: nothing that was typed is lost.
 *
 * Throws Problems for an address or a setting that is none, for one that is a source already, and where there is nothing to
 * be read.
 */
export async function add(
  app: App,
  actor: Actor,
  text: string,
  settings: Settings,
  signal?: AbortSignal,
): Promise<Added> {
  const url = address(text)
  checked(settings) // before anybody is asked
  await refuseKnown(app.db, url)
  const { found, warning } = await lookedFor(app, url, settings.relation === 'own', signal)
  const source = await insert(app, actor, found ?? { url, kind: 'feed' }, settings)
  return { ...source, ...(found && { found: { how: found.how, others: found.others } }), ...(warning && { warning }) }
}

/**
 * Where the stories of an address are read: asked once, unless it looks like a feed's. With a warning, in English, where it
 * cannot be asked now.
 */
export async function lookedFor(
  app: App,
  url: string,
  own: boolean,
  signal?: AbortSignal,
): Promise<{ found?: Found; warning?: string }> {
  const refusal = fetching.refusal(app, url)
  if (refusal) return { warning: `it will not be asked: ${refusal}. Its address is stored as it is; is it right?` }
  if (looksLikeFeed(url)) return {}
  const patience = AbortSignal.timeout(PATIENCE)
  try {
    return { found: await discover(app, url, own, signal ? AbortSignal.any([signal, patience]) : patience) }
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== 'fetch-failed') throw error
    if (signal?.aborted) throw new Problem('interrupted')
    const reason = patience.aborted ? `no answer within ${PATIENCE / 1000} s` : error.values['reason']
    return {
      warning: `${error.values['host']} could not be asked for its feed: ${reason}. Its address is stored as it is; is it right?`,
    }
  }
}

/** Throws Problem `source-known` where this address is read already. */
export async function refuseKnown(db: Db, url: string): Promise<void> {
  const known = await db.selectFrom('source').select('id').where('url', '=', url).executeTakeFirst()
  if (known) throw new Problem('source-known', { value: url })
}

async function insert(
  app: App,
  actor: Actor,
  { url, kind, home = '' }: Pick<Found, 'url' | 'kind' | 'home'>,
  settings: Settings,
): Promise<Source> {
  const at = instant(app.now())
  return app.db.transaction().execute(async (db) => {
    const source = await db
      .insertInto('source')
      .values({ title: '', ...columns(settings), url, kind, home, host: new URL(url).host, due_at: at, created_at: at })
      .onConflict((conflict) => conflict.column('url').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (!source) throw new Problem('source-known', { value: url })
    await changes.record(db, actor, at, [
      { verb: 'source.add', subject: `source:${source.id}`, after: { url, ...columns(settings) } },
    ])
    return source
  })
}
