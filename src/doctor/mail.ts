import { mailbox } from '../address.ts'
import type { App } from '../app.ts'
import type { Relay } from '../config.ts'
import * as mail from '../mail.ts'
import { relaysOf } from '../relay-settings.ts'
import * as site from '../site.ts'
import * as subscribers from '../subscribers/index.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'

const PATIENCE = 15_000 // ms for a relay
const WEB = 8000 // ms for our own site
const SKEW = 60_000 // ms that clocks may differ

/** Who writes: without a sender nothing is sent. */
export async function sender(app: App): Promise<Finding[]> {
  const paper = await site.show(app, app.db)
  const findings: Finding[] = []
  if (app.config.from || paper.sender) findings.push(ok('sender', `letters come from ${domainOf(app, paper)}`))
  else
    findings.push(fail('sender', 'There is no sender, so nothing is sent.', 'nashra site set --from "Name <address>"'))
  if (!paper.postal_address)
    findings.push(
      warn(
        'postal address',
        'Letters carry none, and many countries ask for one.',
        'nashra site set --postal-address …',
      ),
    )
  return findings
}

/** The domains that letters come from, the paper's first; those of lists that have a sender of their own, too. */
export async function domainsOf(app: App): Promise<string[]> {
  const lists = await app.read
    .selectFrom('list')
    .select('sender')
    .where('sender', 'is not', null)
    .orderBy('id')
    .execute()
  const paper = domainOf(app, await site.show(app, app.read))
  const own = lists.map(({ sender }) => domainIn(mailbox(sender!).address))
  return [...new Set([...(paper === undefined ? [] : [paper]), ...own])]
}

function domainOf(app: App, paper: site.Site): string | undefined {
  return app.config.from || paper.sender ? domainIn(site.sender(app, paper).address) : undefined
}

function domainIn(address: string): string {
  return address.slice(address.lastIndexOf('@') + 1)
}

/** Connects to every relay, encrypted and logged in as for letters, and says goodbye. */
export async function relays(app: App): Promise<Finding[]> {
  const { url } = app.config
  const relays = relaysOf(app)
  if (relays.length === 0)
    return [warn('relay', 'There is none, so nothing is sent.', 'Set NASHRA_SMTP=smtp://user:password@host:port')]
  return Promise.all(relays.map((relay) => tried(relay, new URL(url).hostname)))
}

async function tried(relay: Relay, host: string): Promise<Finding> {
  const check = `relay ${relay.name}`
  try {
    const connection = await mail.connect(relay, host, AbortSignal.timeout(PATIENCE))
    await connection.quit()
    return ok(check, relay.user ? 'takes our log-in' : 'answers')
  } catch (error) {
    return fail(
      check,
      `It does not let us in: ${reasonOf(error)}`,
      'Check host, port, user and password in NASHRA_SMTP, and the firewall.',
    )
  }
}

/** Presses the unsubscribe link of nobody at our public address, as a mail program would, and looks at the clock there. */
export async function* oneClick(app: App): AsyncGenerator<Finding> {
  const { url } = app.config
  const todo = 'Check that serve runs, that the proxy passes POST on, and that NASHRA_URL is the public address.'
  const began = app.now().epochMilliseconds
  try {
    const answer = await fetch(`${url}/unsubscribe/${subscribers.trialToken(app.keys)}`, {
      method: 'POST',
      body: 'List-Unsubscribe=One-Click',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      redirect: 'manual',
      signal: AbortSignal.timeout(WEB),
    })
    await answer.body?.cancel()
    if (answer.status === 200) yield ok('one-click link', `${url} takes it`)
    else if (answer.status === 404)
      yield fail(
        'one-click link',
        `${url} does not know our key ring.`,
        'All machines of a paper need the same NASHRA_SECRET_FILE.',
      )
    else yield fail('one-click link', `${url} answers ${answer.status} instead of 200.`, todo)
    yield clock(answer.headers.get('date'), began, app.now().epochMilliseconds)
  } catch (error) {
    const words = ['one-click link', `${url} cannot be reached from here: ${reasonOf(error)}`, todo] as const
    yield /^https:/.test(url) ? fail(...words) : warn(...words)
  }
}

/** The date of an answer is cut to the second. */
function clock(date: string | null, began: number, ended: number): Finding {
  const there = date === null ? Number.NaN : Date.parse(date)
  if (Number.isNaN(there))
    return warn('clock', 'The site says no time to compare with.', 'Compare it yourself: date -u')
  const off = there + 1000 < began ? began - there - 1000 : there > ended ? there - ended : 0
  if (off <= SKEW) return ok('clock', `within ${Math.ceil(off / 1000)} s of the site's`)
  return fail(
    'clock',
    `It is ${Math.round(off / 1000)} s off the site's.`,
    'Let the machine set its clock: timedatectl set-ntp true',
  )
}
