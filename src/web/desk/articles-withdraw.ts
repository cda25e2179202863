import { html } from 'hono/html'
import type { Story } from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import { oneLine } from '../../text.ts'
import type { Html } from '../pages.ts'
import { articleIn, doing } from './articles-doing.ts'
import { ROOM, roomWith, tabs } from './articles-states.ts'
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

/** The same for several at once, as a form of the deeds: what each will come to, and the reason that readers are told. */
export async function askingAll(visit: Visit, chosen: Story[]): Promise<Html> {
  const { form, language } = visit
  const rows: Html[] = []
  for (const article of chosen)
    rows.push(
      html`<li><a href="${ROOM}/${article.public_id}" dir="auto">${article.title}</a><span class="small">${await reachOf(visit, article)}</span><input type="hidden" name="id" value="${article.public_id}"></li>`,
    )
  return deskPage(
    visit,
    say(language, 'desk.articles-withdraw-several', { n: chosen.length }),
    html`${tabs(visit, undefined)}<form method="post" action="${ROOM}/deeds">${hidden(visit)}<input type="hidden" name="deed" value="withdraw"><input type="hidden" name="back" value="${form.get('back')}">
<ul class="plain">${rows}</ul><p>${say(language, 'desk.articles-withdraw-text')}</p>
${field(language, { name: 'words', label: 'desk.articles-reason', hint: 'desk.articles-reason-hint', max: 1000, required: true })}
<p class="deeds"><button type="submit">${say(language, 'desk.articles-deed-withdraw')}</button> <a href="${roomWith(form.get('back') ?? '')}">${say(language, 'desk.articles-cancel')}</a></p></form>`,
  )
}

/** How many have it by letter, and how many letters will be stopped. */
async function reached(visit: Visit, article: Story): Promise<Html> {
  const { language } = visit
  return html`<p>${await reachOf(visit, article)}</p><p>${say(language, 'desk.articles-withdraw-text')}</p>`
}

async function reachOf({ app, language }: Visit, { id }: Story): Promise<string> {
  const { gone, waiting, exact } = await digests.reach(app.read, id)
  const far = say(language, exact ? 'desk.articles-gone' : 'desk.articles-gone-most', { n: gone })
  return `${far} ${say(language, 'desk.articles-waits', { n: waiting })}`
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
