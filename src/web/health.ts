import { statfs } from 'node:fs/promises'
import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as bounces from '../bounces/index.ts'
import * as deliveries from '../deliveries/index.ts'
import * as digests from '../digests/index.ts'
import { stopped as stoppedEditions } from '../editions.ts'
import * as home from '../home.ts'
import * as leftLog from '../left-log.ts'
import { sentence } from '../locale.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'
import * as sources from '../sources/index.ts'
import { troubled } from './feed-trouble.ts'

export type Check = { status: 'ok' | 'degraded' | 'failing'; detail?: string }
export type Health = { status: Check['status']; checks: Record<string, Check> }

const MB = 1024 ** 2
const SCARCE = 500 * MB
const FULL = 20 * MB
const NAMED = 5 // feeds, hosts

/** How the product fares; the worst check is the whole. */
export async function health(app: App): Promise<Health> {
  const checks = {
    database: await database(app),
    disk: await disk(app),
    sending: await sending(app),
    inboxes: await inboxes(app),
    mailbox: await mailbox(app),
    editions: await editions(app),
    leavings: leavings(app),
    feeds: feeds(app),
    sources: await reading(app),
  }
  const states = Object.values(checks).map((check) => check.status)
  const status = states.includes('failing') ? 'failing' : states.includes('degraded') ? 'degraded' : 'ok'
  return { status, checks }
}

async function database(app: App): Promise<Check> {
  try {
    await app.db.selectFrom('site').select('version').executeTakeFirstOrThrow()
    return { status: 'ok' }
  } catch (error) {
    app.log.error('health: the database cannot be read', { error })
    return { status: 'failing', detail: 'it cannot be read' }
  }
}

async function disk(app: App): Promise<Check> {
  const found = await statfs(app.config.data).catch(() => undefined)
  if (!found) return { status: 'ok', detail: 'no folder of ours on this machine' } // database, secret and images are elsewhere
  const free = found.bavail * found.bsize
  if (free >= SCARCE) return { status: 'ok' }
  return { status: free < FULL ? 'failing' : 'degraded', detail: `${Math.floor(free / MB)} MB left` }
}

/** Whether letters go out, as far as this process sends them; what was said by whom stands in the log. */
async function sending(app: App): Promise<Check> {
  const trouble = deliveries.trouble(app)
  if (trouble?.kind === 'ledger') {
    const what = leftLog.trouble(app) === undefined ? 'the ledger' : 'left.log'
    return { status: 'failing', detail: `${what} cannot be written, so nothing is sent` }
  }
  if (trouble?.kind === 'relay')
    return { status: 'degraded', detail: `no relay takes letters: ${trouble.reason.slice(0, 200)}` }
  const said = trouble?.said ?? (await held(app)) // a process that only serves pages knows that much
  if (said) return { status: 'degraded', detail: sentence('en', said) }
  const waiting = relaysOf(app).length === 0 ? await deliveries.left(app.read).catch(() => 0) : 0
  return waiting > 0
    ? {
        status: 'degraded',
        detail: `${waiting} letters wait, and there is no relay (NASHRA_SMTP, or the desk’s settings)`,
      }
    : { status: 'ok' }
}

/** Why a restored or copied database sends nothing; undefined also while it cannot be read, which speaks for itself. */
async function held(app: App): Promise<Problem | undefined> {
  return home.refuseAway({ ...app, db: app.read }).then(
    () => undefined,
    (error) => (error instanceof Problem ? error : undefined),
  )
}

/** Whether editions go out at their hour. */
async function editions(app: App): Promise<Check> {
  const late = await lateEditions(app)
  const stopped = await stoppedEditions(app.read).catch(() => [])
  const told = [
    ...(late.length > 0 ? [`a quarter of an hour late: ${late.slice(0, NAMED).join(', ')}`] : []),
    ...(stopped.length > 0
      ? [`held, as too many letters were refused (edition resume): ${stopped.slice(0, NAMED).join(', ')}`]
      : []),
  ]
  return told.length === 0 ? { status: 'ok' } : { status: 'degraded', detail: told.join('; ') }
}

/** The editions that are late, in words; none while the database cannot be read, which speaks for itself. */
export async function lateEditions(app: App): Promise<string[]> {
  const late = await digests.late(app.read, instant(app.now())).catch(() => [])
  return late.map(({ digest, day, why }) => `${digest} of ${day} (${why})`)
}

/** Whether those who leave are written down beside the database. */
function leavings(app: App): Check {
  const trouble = leftLog.trouble(app)
  return trouble === undefined
    ? { status: 'ok' }
    : { status: 'degraded', detail: `left.log cannot be written (${trouble})` }
}

/** Whether inboxes take our letters: who refuses us for our own reputation, or calls us spam, is nobody that a reader could help. */
async function inboxes(app: App): Promise<Check> {
  try {
    const now = instant(app.now())
    const refusing = await bounces.trouble(app)
    const paused = (await deliveries.pausedDomains(app.read, now)).map(
      ({ domain, until, reason }) => `${domain} until ${until.slice(0, 16)}Z (${reason.slice(0, 100)})`,
    )
    const complained = (await deliveries.complainedOf(app.read, now)).map(
      ({ digest, day, complaints, held }) => `${digest} of ${day} by ${complaints}${held ? ', and is held' : ''}`,
    )
    const told = [
      ...(refusing ? [`refuse us (5.7.x) since yesterday: ${refusing}`] : []),
      ...(paused.length > 0 ? [`letters wait for ${some(paused)}`] : []),
      ...(complained.length > 0 ? [`called spam: ${some(complained)}`] : []),
    ]
    return told.length > 0 ? { status: 'degraded', detail: told.join('; ') } : { status: 'ok' }
  } catch {
    return { status: 'ok' } // the database speaks for itself above
  }
}

/** Whether what comes back to a mailbox is heard; a database that may not send does not read either, which is said above. */
async function mailbox(app: App): Promise<Check> {
  if (await held(app)) return { status: 'ok' }
  const trouble = await bounces.mailboxTrouble(app).catch(() => undefined) // the database speaks for itself above
  return trouble ? { status: 'degraded', detail: trouble } : { status: 'ok' }
}

/** Whether this process serves the feeds as they should be; which articles stop them stands in the log and in `channel health`. */
function feeds(app: App): Check {
  const names = troubled(app)
  return names.length === 0 ? { status: 'ok' } : { status: 'degraded', detail: `cannot be built: ${some(names)}` }
}

/** Whether the sites that we read can be read; one that has failed for less than a day may come back by itself. */
async function reading(app: App): Promise<Check> {
  try {
    const { all, silent } = await sources.failing(app.read, instant(app.now()))
    if (silent.length === 0) return { status: 'ok' }
    return {
      status: 'degraded',
      detail: `${silent.length} of ${all} cannot be read for more than a day: ${some([...new Set(silent.map(({ host }) => host))])}`,
    }
  } catch {
    return { status: 'ok', detail: 'not known while the database cannot be read' } // which another check tells
  }
}

function some(names: string[]): string {
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : ''
  return `${names.slice(0, NAMED).join(', ')}${more}`
}
