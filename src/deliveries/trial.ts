import { randomBytes } from 'node:crypto'
import { instant } from '../../db/instant.ts'
import { type Email, email } from '../address.ts'
import type { App } from '../app.ts'
import * as dkim from '../dkim/index.ts'
import * as home from '../home.ts'
import * as letters from '../letters/index.ts'
import { say } from '../locale.ts'
import * as mail from '../mail.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'
import * as site from '../site.ts'
import { openSigning } from './signing.ts'

const PATIENCE = 30_000 // ms for one relay

/**
 * What came of it: taken; later, refused, unwelcome (refused for who we are) or unknown by what it answered; or what kept us
 * from handing it over: no such name, nothing at that port (closed), silent, tls, login, broken off.
 */
export type Came =
  | 'taken' | 'later' | 'refused' | 'unwelcome' | 'unknown'
  | 'name' | 'closed' | 'silent' | 'tls' | 'login' | 'broken' // biome-ignore format: answers, and what comes before one

/** What a relay said to a letter that only tries it, in its words; `taken` when it took it. */
export type Trial = { relay: string; taken: boolean; came: Came; reply: string }

/**
 * Sends one plain letter by every relay at once, outside of the queue, and tells what each said. It is signed as an edition
 * would be. Without a relay, a sender or its key, and where the database may not send: a Problem, and nothing goes out.
 */
export async function tryRelays(app: App, to: string, language: string): Promise<Trial[]> {
  const address = email(to)
  const relays = relaysOf(app)
  if (relays.length === 0) throw new Problem('no-relay')
  await home.refuseAway(app)
  const letter = await trialLetter(app, address, language)
  return Promise.all(
    relays.map(async (relay): Promise<Trial> => {
      try {
        const line = await mail.connect(relay, new URL(app.config.url).hostname, AbortSignal.timeout(PATIENCE))
        const answer = await line.submit({ from: letter.from, to: address }, relay.sign ? letter.signed : letter.bare)
        void line.quit()
        return { relay: relay.name, taken: answer.kind === 'accepted', came: answered(answer), reply: answer.reply }
      } catch (error) {
        return { relay: relay.name, taken: false, came: kept(error as Error), reply: (error as Error).message }
      }
    }),
  )
}

function answered({ kind, reply }: mail.Answer): Came {
  if (kind === 'accepted') return 'taken'
  if (kind === 'unknown') return 'unknown'
  if (kind === 'unsent') return 'broken'
  if (kind === 'deferred' || !/^5/.test(reply)) return 'later'
  return kind === 'trouble' || /\b5\.7\.\d/.test(reply) ? 'unwelcome' : 'refused'
}

/** What kept a relay from hearing of the letter, by its error's code or words. */
const KEPT: [Came, RegExp][] = [
  ['login', /EAUTH|user and no password/],
  ['name', /EDNS|ENOTFOUND|EAI_AGAIN|ENODATA/],
  ['closed', /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH/],
  ['tls', /ETLS|TLS|SSL|certificate|CERT_/i],
  ['silent', /ETIMEDOUT|timeout|timed out|aborted/i],
]

function kept({ message, cause }: Error): Came {
  const { code = '', message: words = '' } = (cause ?? {}) as NodeJS.ErrnoException
  return KEPT.find(([, sign]) => sign.test(`${code} ${words} ${message}`))?.[0] ?? 'broken'
}

async function trialLetter(app: App, to: Email, language: string) {
  const paper = await site.show(app, app.db)
  const from = site.sender(app, paper)
  const values = { name: paper.name, url: app.config.url }
  const rendered = {
    subject: say(language, 'letter.trial-subject', values),
    html: '',
    text: say(language, 'letter.trial-text', values),
  }
  const boundary = `nashra-${randomBytes(12).toString('hex')}`
  const fixed = letters.fix(rendered, { from, oneClick: false, publicUrl: app.config.url, boundary, language })
  const messageId = `trial.${randomBytes(9).toString('hex')}@${from.address.slice(from.address.lastIndexOf('@') + 1)}`
  const letter = letters.spliced(fixed, { to, messageId, date: instant(app.now()), tokens: {} })
  const hand = await openSigning(app)(from.address)
  const seconds = Math.floor(instant(app.now()) / 1000)
  const head = hand ? await dkim.signature(hand.signer, letter.head, letters.bodyHash(fixed, letter), seconds) : ''
  return {
    from: from.address,
    bare: [letter.head, ...letter.body],
    signed: [head + letter.head, ...letter.body],
  }
}
