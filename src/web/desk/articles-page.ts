import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import type { Story } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import * as channels from '../../channels.ts'
import * as digests from '../../digests/index.ts'
import * as links from '../../links.ts'
import { languageName, longDate, say } from '../../locale.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { pathOf } from '../stories.ts'
import { articleIn } from './articles-doing.ts'
import { history } from './articles-history.ts'
import { pinForm } from './articles-pin.ts'
import { ROOM, sourceNames, standing, standingOf, tabs } from './articles-states.ts'
import { deskPage, hidden } from './frame.ts'
import { fromNow, momentOf } from './moments.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { toldHere } from './told.ts'

/** One article: what it is, where it appears, what was done with it. */
export const pageRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/:article`, allow: 'article.read', answer: articlePage },
]

async function articlePage(visit: Visit): Answer {
  const { roles } = visit
  const article = await articleIn(visit)
  return deskPage(
    visit,
    article.title,
    html`${tabs(visit, undefined)}${toldHere(visit, `${ROOM}/undo?back=${article.public_id}`)}
${accounts.may(roles, 'article.write') && deeds(visit, article)}
${await facts(visit, article)}
${await appears(visit, article)}
${accounts.may(roles, 'article.write') && article.withdrawn_at === null && (await pinForm(visit, article))}
${preview(visit, article)}
${await history(visit, article)}`,
  )
}

function deeds(visit: Visit, { public_id, withdrawn_at }: Story): Html {
  const { language } = visit
  if (withdrawn_at !== null)
    return html`<form class="deeds" method="post" action="${ROOM}/${public_id}/restore">${hidden(visit)}<button type="submit">${say(language, 'desk.articles-restore')}</button></form>`
  return html`<p class="deeds"><a class="act" href="${ROOM}/${public_id}/edit">${say(language, 'desk.articles-edit')}</a> <a href="${ROOM}/${public_id}/withdraw">${say(language, 'desk.articles-withdraw-on')}</a></p>`
}

async function facts(visit: Visit, article: Story): Promise<Html> {
  const { app, language } = visit
  const { zone } = await site.show(app, app.read)
  const source = (await sourceNames(visit)).get(article.source_id) ?? ''
  const comma = language === 'ar' ? '، ' : ', '
  const scheduled = standingOf(article, instant(app.now())) === 'scheduled'
  const lines: [Parameters<typeof say>[1], Html | string][] = [
    ['desk.articles-state', standing(visit, article)],
    [
      'desk.articles-published',
      html`${momentOf(visit, article.published_at, zone)}${scheduled && html` · ${fromNow(visit, article.published_at)}`}`,
    ],
    ['desk.articles-section', html`<bdi>${article.section ?? '—'}</bdi>`],
    ['desk.articles-language', languageName(article.language, language)],
    ['desk.articles-authors', html`<bdi>${article.authors.join(comma) || '—'}</bdi>`],
    ['desk.articles-tags', html`<bdi>${article.tags.join(comma) || '—'}</bdi>`],
    ['desk.articles-source', html`<bdi>${source}</bdi>`],
  ]
  return html`<dl class="record">${lines.map(([name, value]) => html`<div><dt>${say(language, name)}</dt><dd>${value}</dd></div>`)}${
    article.withdrawn_at !== null &&
    html`<div><dt>${say(language, 'desk.articles-reason')}</dt><dd dir="auto">${article.withdrawn_reason ?? '—'}</dd></div>`
  }</dl>`
}

/** Its address, the channels that carry it, the editions that carried it. */
async function appears({ app, language }: Visit, article: Story): Promise<Html> {
  const carrying =
    article.withdrawn_at === null ? await channels.carrying(app.read, articles.asFacets(article, article)) : []
  const carriers = await digests.carriers(app.read, article.id)
  return html`<section><h2>${say(language, 'desk.articles-where')}</h2>
<dl class="record"><div><dt>${say(language, 'desk.articles-address')}</dt><dd><a href="${pathOf(article)}"><bdi dir="ltr">${links.readable(links.article(app.config.url, article))}</bdi></a></dd></div>
<div><dt>${say(language, 'desk.channels')}</dt><dd>${carrying.length === 0 ? say(language, 'desk.articles-nowhere') : html`<ul class="plain">${carrying.map(({ slug, title }) => html`<li><a href="/c/${slug}"><bdi>${title || say(language, 'page.all-news')}</bdi></a></li>`)}</ul>`}</dd></div>
<div><dt>${say(language, 'desk.articles-editions')}</dt><dd>${carriers.length === 0 ? say(language, 'desk.articles-no-edition') : html`<ul class="plain">${carriers.map(({ digest, day, title }) => html`<li><a href="${links.edition('', digest, day)}"><bdi>${title}</bdi> · ${longDate(Temporal.PlainDate.from(day), language)}</a></li>`)}</ul>`}</dd></div></dl></section>`
}

function preview({ language }: Visit, { public_id }: Story): Html {
  return html`<section><h2>${say(language, 'desk.articles-preview')}</h2><iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${ROOM}/${public_id}/preview" title="${say(language, 'desk.articles-preview')}"></iframe></section>`
}
