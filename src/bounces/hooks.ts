import { randomBytes } from 'node:crypto'
import { instant, moment } from '../../db/instant.ts'
import type { Db } from '../../db/schema.ts'
import type { Actor, App } from '../app.ts'
import { record } from '../changes.ts'
import { seal, unseal } from '../keys.ts'
import { Problem } from '../problem.ts'
import type * as mailgun from './providers/mailgun.ts'
import type * as postmark from './providers/postmark.ts'
import type * as sendgrid from './providers/sendgrid.ts'
import { publicKey } from './providers/sendgrid.ts'
import type * as ses from './providers/ses.ts'
import { TOPIC } from './providers/ses.ts'

/** Who may report to us, with what each needs to be believed. */
export type Hook =
  | { provider: 'ses'; settings: ses.Settings }
  | { provider: 'postmark'; settings: postmark.Settings }
  | { provider: 'sendgrid'; settings: sendgrid.Settings }
  | { provider: 'mailgun'; settings: mailgun.Settings }
export type Provider = Hook['provider']

/** What is typed for a provider: `topic` and `endpoint` for SES, `key` for SendGrid and Mailgun. */
export type Draft = { provider: string; topic?: string; endpoint?: string; key?: string }

/**
 * Lets a provider report to us, instead of how it was let before. Answers the address to give it: Postmark's holds the
 * password that was made for it, which is shown this once.
 */
export async function addHook(app: App, actor: Actor, draft: Draft): Promise<{ provider: Provider; url: string }> {
  const hook = checked(draft)
  const settings = seal(app.keys, `hook ${hook.provider}`, JSON.stringify(hook.settings))
  const at = instant(app.now())
  await app.db.transaction().execute(async (db) => {
    await db
      .insertInto('hook')
      .values({ provider: hook.provider, settings, created_at: at })
      .onConflict((conflict) => conflict.column('provider').doUpdateSet({ settings, created_at: at }))
      .execute()
    await record(db, actor, at, [{ verb: 'hook.add', subject: `hook:${hook.provider}` }])
  })
  return { provider: hook.provider, url: address(app, hook) }
}

/** No longer listens to a provider. */
export async function removeHook(app: App, actor: Actor, provider: string): Promise<void> {
  await app.db.transaction().execute(async (db) => {
    const gone = await db.deleteFrom('hook').where('provider', '=', provider).returning('provider').executeTakeFirst()
    if (!gone) throw new Problem('hook-unknown', { provider })
    await record(db, actor, instant(app.now()), [{ verb: 'hook.remove', subject: `hook:${provider}` }])
  })
}

/** Who may report to us, and since when; never with what. */
export async function hooks(app: App): Promise<{ provider: string; url: string; since: string }[]> {
  const rows = await app.read.selectFrom('hook').select(['provider', 'created_at']).orderBy('provider').execute()
  return rows.map(({ provider, created_at }) => {
    return { provider, url: `${app.config.url}/hooks/${provider}`, since: moment(created_at).toString() }
  })
}

/** The hook of a provider; a Problem where there is none. */
export async function findHook(db: Db, keys: App['keys'], provider: string): Promise<Hook> {
  const row = await db.selectFrom('hook').selectAll().where('provider', '=', provider).executeTakeFirst()
  if (!row) throw new Problem('hook-unknown', { provider })
  return { provider: row.provider, settings: JSON.parse(unseal(keys, `hook ${row.provider}`, row.settings)) } as Hook
}

function checked({ provider, topic = '', endpoint, key = '' }: Draft): Hook {
  switch (provider) {
    case 'ses':
      if (!TOPIC.test(topic)) throw new Problem('hook-setting', { provider, option: '--topic' })
      if (endpoint !== undefined && !/^https?:$/.test(URL.parse(endpoint)?.protocol ?? ''))
        throw new Problem('bad-url', { value: endpoint })
      return { provider, settings: { topic, ...(endpoint && { endpoint }) } }
    case 'postmark':
      return { provider, settings: { user: 'postmark', password: randomBytes(24).toString('base64url') } }
    case 'sendgrid':
      if (!publicKey(key)) throw new Problem('hook-setting', { provider, option: '--key' })
      return { provider, settings: { key } }
    case 'mailgun':
      if (!/^[\x21-\x7e]{16,200}$/.test(key)) throw new Problem('hook-setting', { provider, option: '--key' })
      return { provider, settings: { key } }
    default:
      throw new Problem('hook-unknown', { provider })
  }
}

function address({ config }: App, hook: Hook): string {
  const url = `${config.url}/hooks/${hook.provider}`
  if (hook.provider !== 'postmark') return url
  const { user, password } = hook.settings
  return url.replace('://', `://${user}:${password}@`)
}
