import { instant } from '../../db/instant.ts'
import { type Proof, proofOf } from '../adopting.ts'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as feedHealth from '../feed-health/index.ts'
import * as home from '../home.ts'
import { sentence } from '../locale.ts'
import { Problem } from '../problem.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { inboxes } from './inboxes.ts'
import { keys } from './keys.ts'
import { machine } from './machine.ts'
import { domainsOf, oneClick, relays, sender } from './mail.ts'
import { type Names, names, openNames, ptr } from './names.ts'
import { returns } from './returns.ts'

export type { Code, Finding } from './finding.ts'

/** Looks at everything that may be amiss, one finding after the other; nothing is changed. */
export async function* examine(app: App, dns: Names = openNames()): AsyncGenerator<Finding> {
  yield* machine(app)
  yield await standing(app)
  yield* await sender(app)
  const domains = await domainsOf(app)
  for (const domain of domains) {
    yield* await names(domain, dns)
    yield* await keys(app, domain, dns)
  }
  if (domains.length > 0) yield await ptr(app, dns)
  yield* await relays(app)
  yield* await inboxes(app)
  yield* await returns(app, domains, dns)
  yield* oneClick(app)
  yield await editions(app)
  yield await feeds(app)
}

/** What DNS says of the domains that letters come from, and of the keys that sign them; each of these findings has a code. */
export async function records(app: App, dns: Names = openNames()): Promise<Finding[]> {
  const found = (await domainsOf(app)).map(async (domain) => [
    ...(await keys(app, domain, dns)),
    ...(await names(domain, dns)),
  ])
  return (await Promise.all(found)).flat()
}

/** Whether this database is the one that sends. */
async function standing(app: App): Promise<Finding> {
  try {
    await home.refuseAway(app)
    const { url } = await home.show(app.db)
    return ok('home', url === null ? 'nothing has been sent yet' : `it sends for ${url}`)
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return fail('home', sentence('en', error), PROOFS[await proofOf(app)])
  }
}

/** What adopting would go by. */
const PROOFS: Record<Proof, string> = {
  'left.log': 'left.log lies in its own place: at --adopt it tells what went out since the backup.',
  none: 'At --adopt all that waits counts as sent, as no log here tells what went out. If nothing did: --adopt --nothing-sent',
  copy: 'At --adopt all that waits counts as sent, as the left.log here is a copy. If it goes on to the last letter: --adopt --logs-complete',
  others:
    'At --adopt all that waits counts as sent, as other machines may have sent. If all their logs are here and go on to the last letter: --adopt --logs-complete',
  logs: '',
  word: '',
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
