import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as feedHealth from '../feed-health/index.ts'
import * as home from '../home.ts'
import { Problem } from '../problem.ts'
import * as site from '../site.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { machine } from './machine.ts'
import { domainOf, oneClick, relays, sender } from './mail.ts'
import { type Names, names, openNames, type Selector } from './names.ts'

export type { Finding } from './finding.ts'

/** Looks at everything that may be amiss, one finding after the other; nothing is changed. */
export async function* examine(app: App, dns: Names = openNames()): AsyncGenerator<Finding> {
  yield* machine(app)
  yield await standing(app)
  yield* await sender(app)
  const domain = domainOf(app, await site.show(app, app.db))
  if (domain !== undefined) yield* await names(app, domain, dns, await selectors(app, domain))
  yield* await relays(app)
  yield* oneClick(app)
  yield await editions(app)
  yield await feeds(app)
}

/** The key that letters of this domain are signed with, where there is one. */
async function selectors({ read }: App, domain: string): Promise<Selector[]> {
  const tables = await read.introspection.getTables()
  if (!tables.some((table) => table.name === 'dkim_key')) return []
  const key = await read
    .withTables<{ dkim_key: { domain: string; selector: string; public_key: string; signs_at: number } }>()
    .selectFrom('dkim_key')
    .select(['selector', 'public_key'])
    .where('domain', '=', domain)
    .orderBy('signs_at', 'desc')
    .executeTakeFirst()
  return key ? [{ name: `${key.selector}._domainkey.${domain}`, record: `v=DKIM1; k=rsa; p=${key.public_key}` }] : []
}

/** Whether this database is the one that sends. */
async function standing(app: App): Promise<Finding> {
  try {
    await home.refuseHeld(app.db)
    const { url } = await home.show(app.db)
    return ok('home', url === null ? 'nothing has been sent yet' : `it sends for ${url}`)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return fail(
      'home',
      'Nothing is sent: this database was restored or copied.',
      'Check that nothing else sends for this paper, then nashra doctor --adopt',
    )
  }
}

async function editions(app: App): Promise<Finding> {
  const late = await digests.late(app.read, instant(app.now()))
  if (late.length === 0) return ok('editions', 'none is late')
  const named = late.map(({ digest, day, why }) => `${digest} of ${day} (${why})`).join(', ')
  return fail(
    'editions',
    `A quarter of an hour late: ${named}.`,
    'Check that serve (or serve --only work) runs, and its log.',
  )
}

async function feeds(app: App): Promise<Finding> {
  const ill = (await feedHealth.health(app)).filter(({ valid }) => !valid)
  if (ill.length === 0) return ok('feeds', 'all can be built')
  return warn('feeds', `Not well: ${ill.map(({ channel }) => channel).join(', ')}.`, 'nashra channel health says why.')
}
