import { type Instant, instant } from '../../db/instant.ts'
import { addressHash, type Email, email } from '../address.ts'
import type { Actor, App } from '../app.ts'
import * as changes from '../changes.ts'
import * as deliveries from '../deliveries/index.ts'
import { publicId } from '../ids.ts'
import * as letters from '../letters/index.ts'
import * as limits from '../limits.ts'
import { direction, say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { escaped } from '../text.ts'
import { prepared, type Wanted } from './preview.ts'

/** What became of a test letter: what the relay said, or `suppressed`: to this address nothing is written. */
export type Tried = {
  to: Email
  kind: 'accepted' | 'refused' | 'deferred' | 'trouble' | 'unsent' | 'unknown' | 'suppressed'
  reply: string
}

/** The most addresses of one test, and the most letters of a colleague's tests. */
const MOST = 5
const HOURLY: limits.Limit = { most: 30, within: 3_600_000 }

/**
 * Sends the letter of a moment to a few addresses, at once and marked as a test. It leads to no reader's own pages, and changes
 * nothing that an edition would.
 */
export async function sendTest(app: App, actor: Actor, slug: string, to: string, wanted: Wanted): Promise<Tried[]> {
  const typed = [...new Set(to.split(/[\s,;،؛]+/).filter(Boolean))]
  if (typed.length < 1 || typed.length > MOST) throw new Problem('test-addresses', { most: MOST })
  const addresses = typed.map((one) => email(one))
  const now = instant(app.now())
  const { part, header, addressee } = await prepared(app, slug, wanted)
  const open = await writable(app, addresses)
  for (const _ of open)
    if (!(await limits.take(app.db, `test ${actor}`, HOURLY, now))) throw new Problem('too-many-requests')
  const fixed = letters.fix(marked(part, addressee.language), {
    ...header,
    oneClick: false,
    feedbackId: 'test:test:test:nashra',
  })
  const answers = await deliveries.submitSamples(
    app,
    open.map((address) => ({ fixed, from: header.from.address, personal: personal(address, header, now) })),
  )
  await changes.record(app.db, actor, now, [
    { verb: 'digest.test', subject: `digest:${slug}`, after: { letters: open.length } },
  ])
  return addresses.map((address) => {
    const answer = answers[open.indexOf(address)]
    return answer ? { to: address, ...answer } : { to: address, kind: 'suppressed', reply: '' }
  })
}

function personal(to: Email, { from }: letters.Shared, date: Instant): letters.Personal {
  const token = '-'.repeat(letters.TOKEN)
  const messageId = `test.${publicId()}@${from.address.split('@')[1]}`
  return { to, messageId, date, tokens: { unsubscribe: token, preferences: token } }
}

/** Those of these addresses that are not suppressed. */
async function writable(app: App, addresses: Email[]): Promise<Email[]> {
  const rows = await app.db
    .selectFrom('suppression')
    .select('address_hash')
    .where('address_hash', 'in', addresses.map(addressHash))
    .execute()
  const barred = new Set(rows.map(({ address_hash }) => address_hash))
  return addresses.filter((address) => !barred.has(addressHash(address)))
}

/** The letter with a word on what it is, in its subject and above all else. */
function marked<Part extends letters.Rendered>(part: Part, language: string): Part {
  const words = say(language, 'letter.test')
  const dir = direction(language)
  const line = `<p dir="${dir}" style="margin:0;padding:10px 20px;background-color:#fff3bf;color:#1d1b18;font:14px/1.6 Tahoma,Arial,sans-serif;">${escaped(words)}</p>`
  return {
    ...part,
    subject: say(language, 'letter.test-subject', { subject: part.subject }),
    html: part.html.replace(/<body[^>]*>/i, (body) => `${body}${line}`),
    text: `${words}\n\n${part.text}`,
  }
}
