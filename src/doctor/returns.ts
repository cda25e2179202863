import { once } from 'node:events'
import { connect } from 'node:net'
import { createInterface } from 'node:readline/promises'
import { email } from '../address.ts'
import type { App } from '../app.ts'
import { envelope } from '../bounces/envelope.ts'
import * as bounces from '../bounces/index.ts'
import { type Inbound, isMailbox, type Listening, type Mailbox } from '../inbound.ts'
import { relaysOf } from '../relay-settings.ts'
import { type Finding, fail, ok, reasonOf, warn } from './finding.ts'
import { asked, type Names } from './names.ts'

const PATIENCE = 5000 // ms for our own listener
const ROUTE = 'docs/operating.md shows how a mail server passes them on.'

/** Providers by the names of their relays: what comes back to them is told by a hook. */
const PROVIDERS: [RegExp, string][] = [
  [/(^|\.)amazonaws\.com$/, 'ses'],
  [/(^|\.)postmarkapp\.com$/, 'postmark'],
  [/(^|\.)sendgrid\.net$/, 'sendgrid'],
  [/(^|\.)mailgun\.org$/, 'mailgun'],
]

/** Whether we hear what comes back: by mail for these domains, or from the providers that send for us. */
export async function returns(app: App, domains: string[], dns: Names): Promise<Finding[]> {
  const [first] = app.config.inbound
  const mail = first ? await byMail(app, first.domain ? [first.domain] : domains, dns) : []
  const hooks = await reports(app)
  if (first || hooks.length > 0) return [...mail, ...hooks]
  return [
    warn(
      'bounces',
      'Nothing tells us which letters come back, so dead addresses are written to for ever.',
      'Set NASHRA_INBOUND, or let your provider report: nashra hook add …',
    ),
  ]
}

async function byMail(app: App, domains: string[], dns: Names): Promise<Finding[]> {
  const place = app.config.inbound.map(nameOf).join(' ')
  const routes = await Promise.all(domains.map((domain) => route(domain, place, dns)))
  const doors = await Promise.all(
    app.config.inbound.map((one) => (isMailbox(one) ? logIn(one) : listening(app, one, domains[0]))),
  )
  return [...routes, ...doors]
}

function nameOf(one: Inbound): string {
  const place = `${one.protocol}://${one.host}:${one.port}`
  return isMailbox(one) ? `${place}/${one.folder}` : place
}

/** Logs in to a mailbox as for reading it, and opens its folder. */
async function logIn(one: Mailbox): Promise<Finding> {
  const check = `mailbox ${one.host}:${one.port}`
  try {
    return ok(check, `takes our log-in; ${one.folder} holds ${await bounces.tryMailbox(one)} messages`)
  } catch (error) {
    return fail(
      check,
      `It cannot be read: ${(error as Error).message}`,
      'Check host, port, user, password and folder in NASHRA_INBOUND, and the firewall.',
    )
  }
}

/** The way of a bounce: the domain's mail server, which has to pass it on. That it does is nothing that can be seen from here. */
async function route(domain: string, place: string, dns: Names): Promise<Finding> {
  const found = await asked(dns.resolveMx(domain))
  const passes = `has to pass b+…@${domain} and u+…@${domain} on to ${place}`
  if (found === 'unknown')
    return warn('bounces', `${domain} could not be looked up.`, 'Try again where names can be looked up.')
  if (found.length > 0) return ok('bounces', `${found.map(({ exchange }) => exchange).join(', ')} ${passes}`)
  return fail(
    'bounces',
    `${domain} has no MX record, so nothing that comes back reaches us.`,
    `Publish one that leads to your mail server, which ${passes}. ${ROUTE}`,
  )
}

/** Asks our listener whether it takes an envelope sender of ours: it must run, and know our key ring. */
async function listening(app: App, { host, port }: Listening, domain = 'localhost.localdomain'): Promise<Finding> {
  const check = `listener ${host}:${port}`
  const run = 'Run nashra serve (or serve --only work) there, with the same NASHRA_INBOUND.'
  try {
    const to = envelope(app, { edition_id: null, subscriber_id: 0 }, email(`x@${domain}`))
    const answer = await said(host, port, [`LHLO doctor`, 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'QUIT'])
    if (answer.startsWith('250')) return ok(check, 'takes what comes back')
    return fail(check, `It does not take what comes back: ${answer.slice(0, 100)}`, `${run} And the same key ring.`)
  } catch (error) {
    return warn(check, `Nobody listens there: ${reasonOf(error)}`, run)
  }
}

/** Says these lines to a mail server and answers what it said to the last but one. */
async function said(host: string, port: number, lines: string[]): Promise<string> {
  const socket = connect({ host, port, signal: AbortSignal.timeout(PATIENCE) })
  await once(socket, 'connect')
  const answers: string[] = []
  for await (const line of createInterface({ input: socket })) {
    if (/^\d{3}-/.test(line)) continue
    answers.push(line)
    const next = lines.shift()
    if (next === undefined) break
    socket.write(`${next}\r\n`)
  }
  socket.destroy()
  return answers.at(-2) ?? ''
}

/** What may report to us, and what should. */
async function reports(app: App): Promise<Finding[]> {
  const known = await bounces.hooks(app)
  const heard = await Promise.all(
    known.map(({ provider, since }) =>
      bounces.findHook(app.read, app.keys, provider).then(
        () => ok(`hook ${provider}`, `may report since ${since.slice(0, 10)}`),
        () =>
          fail(
            `hook ${provider}`,
            'Its settings cannot be read with this key ring.',
            `nashra hook add ${provider} again.`,
          ),
      ),
    ),
  )
  const used = new Set(relaysOf(app).flatMap(({ host }) => PROVIDERS.find(([name]) => name.test(host))?.[1] ?? []))
  const missing = [...used].filter((provider) => known.every((one) => one.provider !== provider))
  return [
    ...heard,
    ...missing.map((provider) =>
      warn(
        `hook ${provider}`,
        'It sends for us and does not report bounces and complaints.',
        `nashra hook add ${provider}, and give it the address that this prints.`,
      ),
    ),
  ]
}
