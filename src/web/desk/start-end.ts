import { Readable } from 'node:stream'
import { html } from 'hono/html'
import * as articles from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { hidden } from './frame.ts'
import { type Answer, actorOf, type Visit } from './routes.ts'
import { done, missing } from './standing.ts'

const HERE = '/admin/start'

type First = { id: number; slug: string; title: string; list_id: number }

/** Makes a list that anybody can join, the digest that goes to it each day, and where it was wished its first reader. */
export async function promise(visit: Visit): Promise<void> {
  const { app, form } = visit
  const title = form.get('title') ?? ''
  if ((await firstOf(visit))?.title === title) return form.has('me') ? join(visit) : undefined // a second press
  const at = form.get('at') ?? ''
  subscribers.minuteOf(at) // before the list is made
  const known = (await subscribers.publicLists(app.db))[0]
  const list = known ?? (await subscribers.addList(app, actorOf(visit), { slug: 'daily', title, public: true }))
  await digests.add(app, actorOf(visit), {
    ...{ slug: 'daily', title, channel: 'all', list: list.slug, at },
  })
  if (form.has('me')) await takeIn(visit, list.slug)
}

/** Puts whoever asks on the list of the first digest. */
export async function join(visit: Visit): Promise<void> {
  const first = await firstOf(visit)
  if (!first) throw new Problem('page-not-found')
  const { slug } = await visit.app.db
    .selectFrom('list')
    .select('slug')
    .where('id', '=', first.list_id)
    .executeTakeFirstOrThrow()
  await takeIn(visit, slug)
}

/** An import of one line: the trail says by whom, and it can be taken back as any other. */
async function takeIn(visit: Visit, list: string): Promise<void> {
  const { app, account, language } = visit
  const rows = `email,language\n${account.address},${language}\n`
  await subscribers.importCsv(app, actorOf(visit), Readable.from([Buffer.from(rows)]), { list })
}

async function firstOf({ app }: Visit): Promise<First | undefined> {
  return app.read
    .selectFrom('digest')
    .select(['id', 'slug', 'title', 'list_id'])
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
}

/** What is below the steps when all have been gone through: what is missing, or the first edition, to be sent. */
export async function endBody(visit: Visit): Promise<{ ready: boolean; body: Html }> {
  const { app, language } = visit
  const open = missing(language, await done(app), true)
  const first = await firstOf(visit)
  const stories = (await articles.newestId(app.read)) > 0
  const body = html`${open ? html`<p>${say(language, 'desk.start-some')}</p>${open}` : html`<p>${say(language, 'desk.start-all')}</p>`}
${first && (await sending(visit, first, stories))}
${!stories && html`<p role="status" hx-get="${HERE}?step=end" hx-trigger="load delay:3s" hx-target="body">${say(language, 'desk.start-reading')}</p>`}
${first && stories && html`<section><h2>${say(language, 'desk.start-preview')}</h2><iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${HERE}/preview" title="${say(language, 'desk.start-preview')}"></iframe></section>`}
<section><h2>${say(language, 'desk.start-further')}</h2><ul class="plain">
<li><a class="go" href="/admin/readers/import">${say(language, 'desk.start-import')}</a></li>
<li><a class="go" href="/subscribe">${say(language, 'desk.start-subscribe')}</a></li>
<li><a class="go" href="/admin/articles/new">${say(language, 'desk.start-write')}</a></li>
${first && html`<li><a class="go" href="/admin/digests/${first.slug}/coming">${say(language, 'desk.start-coming')}</a></li>`}
<li><a class="go" href="/admin">${say(language, 'desk.dashboard')}</a></li>
</ul></section>`
  return { ready: open === undefined, body }
}

/** The button that sends the first edition, or what has become of it; who has no reader yet is one himself by a press. */
async function sending(visit: Visit, first: First, stories: boolean): Promise<Html | ''> {
  const { app, language, account } = visit
  const made = await app.read
    .selectFrom('edition')
    .select('public_id')
    .where('digest_id', '=', first.id)
    .where('state', '!=', 'skipped')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst()
  if (made)
    return html`<p><a class="act" href="/admin/digests/editions/${made.public_id}">${say(language, 'desk.start-edition')}</a></p>`
  const { active: n } = await subscribers.activeOn(app.read, first.list_id)
  if (n === 0)
    return html`<form method="post" action="${HERE}/me">${hidden(visit)}<p><button type="submit">${say(language, 'desk.start-me', { address: account.address })}</button></p></form>`
  if (!stories) return ''
  return html`<form method="post" action="/admin/digests/${first.slug}/send">${hidden(visit)}
<p>${say(language, 'desk.start-send-text', { n })}</p><p><button type="submit">${say(language, 'desk.start-send')}</button></p></form>`
}

/** The letter that would go out now, with the stories that are there. */
export async function preview(visit: Visit): Answer {
  const first = await firstOf(visit)
  if (!first) throw new Problem('page-not-found')
  return visit.c.html((await digests.preview(visit.app, first.slug, {})).html)
}
