import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import type { Story } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import * as trail from '../../trail.ts'
import type { Html } from '../pages.ts'
import { ROOM } from './articles-states.ts'
import { momentOf } from './moments.ts'
import type { Visit } from './routes.ts'

const MOST = 100 // lines that are shown

const VERBS: Record<string, MessageKey> = {
  'article.publish': 'desk.articles-did-publish',
  'article.revise': 'desk.articles-did-revise',
  'article.withdraw': 'desk.articles-did-withdraw',
  'article.restore': 'desk.articles-did-restore',
  'article.pin': 'desk.articles-did-pin',
  'article.unpin': 'desk.articles-did-unpin',
}

/** Who did what with an article, and what it said before each change. */
export async function history(visit: Visit, article: Story): Promise<Html> {
  const { app, language } = visit
  const lines = await trail.list(app.read, { subject: `article:${article.public_id}`, limit: MOST })
  const revisions = await articles.revisions(app.read, article.id)
  const names = await accounts.namesOf(
    app.read,
    lines.map(({ actor }) => actor),
  )
  return html`<section><h2>${say(language, 'desk.articles-history')}</h2>${fromSource(visit, article, lines)}
<ol class="history">${lines.map((line) => {
    const before =
      line.verb === 'article.revise' && revisions.find(({ at, actor }) => at === line.at && actor === line.actor)
    return html`<li>${momentOf(visit, line.at)} · <bdi>${called(visit, line, names)}</bdi> · ${VERBS[line.verb] ? say(language, VERBS[line.verb]!) : html`<bdi dir="ltr">${line.verb}</bdi>`}${
      before &&
      html` · <a href="${ROOM}/${article.public_id}/revisions/${before.id}">${say(language, 'desk.articles-before')}</a>`
    }</li>`
  })}</ol></section>`
}

function called({ language }: Visit, { actor, after }: trail.Change, names: Map<string, string>): string {
  const { source } = JSON.parse(after ?? '{}') as { source?: number }
  if (names.has(actor)) return names.get(actor)!
  if (source !== undefined) return say(language, 'desk.articles-by-source')
  return actor === 'cli' ? say(language, 'desk.articles-by-line') : actor
}

/** Of a source's story: whether the desk's words stand, or the source has changed its own since. */
function fromSource(visit: Visit, { source_id }: Story, lines: trail.Change[]): Html | '' {
  const { language } = visit
  if (source_id === 0) return ''
  const revised = lines.filter(({ verb }) => verb === 'article.revise')
  const byDesk = (line: trail.Change) => line.actor.startsWith('account:')
  const edit = revised.find(byDesk)
  if (!edit) return html`<p>${say(language, 'desk.articles-source-rule')}</p>`
  const since = revised.find((line) => line.id > edit.id && !byDesk(line))
  if (!since) return html`<p>${say(language, 'desk.articles-source-kept')} ${momentOf(visit, edit.at)}</p>`
  return html`<p class="mistake">${say(language, 'desk.articles-source-since')} ${momentOf(visit, since.at)}</p>`
}
