import { html } from 'hono/html'
import type { Story } from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import { oneLine } from '../../text.ts'
import type { Html } from '../pages.ts'
import { articleIn, doing } from './articles-doing.ts'
import { ROOM, tabs } from './articles-states.ts'
import { field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

/** Where a story is taken back, and given back. */
export const withdrawRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/:article/withdraw`, allow: 'article.write', answer: (visit) => asking(visit) },
  { method: 'POST', path: `${ROOM}/:article/withdraw`, allow: 'article.write', answer: withdraw },
  { method: 'POST', path: `${ROOM}/:article/restore`, allow: 'article.write', answer: restore },
]

/** What a withdrawal will come to, before it is done. */
async function asking(visit: Visit, problem?: Problem): Answer {
  const { c, form, language } = visit
  const article = await articleIn(visit)
  if (article.withdrawn_at !== null) throw new Problem('article-withdrawn')
  const page = await deskPage(
    visit,
    say(language, 'desk.articles-withdraw'),
    html`${tabs(visit, undefined)}${mistake(language, problem)}
<p dir="auto"><b>${article.title}</b></p>
${await reached(visit, article)}
<form method="post" action="${ROOM}/${article.public_id}/withdraw">${hidden(visit)}
${field(language, { name: 'reason', label: 'desk.articles-reason', hint: 'desk.articles-reason-hint', value: form.get('reason'), max: 1000, required: true })}
<p class="deeds"><button type="submit">${say(language, 'desk.articles-withdraw')}</button> <a href="${ROOM}/${article.public_id}">${say(language, 'desk.articles-cancel')}</a></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** How many have it by letter, and how many letters will be stopped. */
async function reached({ app, language }: Visit, article: Story): Promise<Html> {
  const { gone, waiting, exact } = await digests.reach(app.read, article.id)
  return html`<ul class="plain"><li>${say(language, exact ? 'desk.articles-gone' : 'desk.articles-gone-most', { n: gone })}</li>
<li>${say(language, 'desk.articles-waits', { n: waiting })}</li><li>${say(language, 'desk.articles-withdraw-text')}</li></ul>`
}

async function withdraw(visit: Visit): Answer {
  const { app, form } = visit
  const { public_id } = await articleIn(visit)
  const reason = oneLine(form.get('reason') ?? '')
  if (!reason) return asking(visit, new Problem('withdrawal-reason'))
  return doing(visit, `${ROOM}/${public_id}`, () => digests.withdraw(app, actorOf(visit), public_id, reason))
}

async function restore(visit: Visit): Answer {
  const { public_id } = await articleIn(visit)
  return doing(visit, `${ROOM}/${public_id}`, () => digests.restore(visit.app, actorOf(visit), public_id))
}
