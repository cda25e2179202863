import { html, raw } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import type { Said, Story } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import { direction, say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import * as assets from '../assets.ts'
import type { Html } from '../pages.ts'
import { inLanguage, paper } from '../pages.ts'
import { full } from '../story.ts'
import { articleIn, doing } from './articles-doing.ts'
import { ROOM, tabs } from './articles-states.ts'
import { deskPage, hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

/** An article, and what it said before, as its page shows it; and how the earlier words are put back. */
export const previewRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/:article/preview`, allow: 'article.read', framed: true, answer: now },
  { method: 'GET', path: `${ROOM}/:article/revisions/:revision`, allow: 'article.read', answer: revisionPage },
  {
    method: 'GET',
    path: `${ROOM}/:article/revisions/:revision/preview`,
    allow: 'article.read',
    framed: true,
    answer: then,
  },
  { method: 'POST', path: `${ROOM}/:article/revisions/:revision`, allow: 'article.write', answer: putBack },
]

async function now(visit: Visit): Answer {
  return framedStory(visit, await articleIn(visit))
}

async function then(visit: Visit): Answer {
  const { article, revision } = await revisionIn(visit)
  return framedStory(visit, await storyOf(visit, revision.said, article))
}

async function revisionPage(visit: Visit): Answer {
  const { language } = visit
  const { article, revision } = await revisionIn(visit)
  const path = `${ROOM}/${article.public_id}`
  return deskPage(
    visit,
    say(language, 'desk.articles-before'),
    html`${tabs(visit, undefined)}<p><a href="${path}" dir="auto">${article.title}</a></p>
<p>${say(language, 'desk.articles-until-then')} ${momentOf(visit, revision.at)}</p>
${article.withdrawn_at === null && html`<form method="post" action="${path}/revisions/${revision.id}">${hidden(visit)}<button type="submit">${say(language, 'desk.articles-put-back')}</button></form>`}
<iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${path}/revisions/${revision.id}/preview" title="${say(language, 'desk.articles-before')}"></iframe>`,
  )
}

async function putBack(visit: Visit): Answer {
  const { app } = visit
  const { article, revision } = await revisionIn(visit)
  return doing(visit, `${ROOM}/${article.public_id}`, () =>
    app.db
      .transaction()
      .execute((db) => articles.edit(db, actorOf(visit), article.public_id, revision.said, { at: instant(app.now()) })),
  )
}

async function revisionIn(visit: Visit): Promise<{ article: Story; revision: articles.Revision }> {
  const article = await articleIn(visit)
  const id = visit.params['revision']!
  const revision = /^\d{1,15}$/.test(id) ? await articles.revision(visit.app.db, article.id, Number(id)) : undefined
  if (!revision) throw new Problem('page-not-found')
  return { article, revision }
}

/** What is said as a story that can be shown: of an article, or of none yet. */
export async function storyOf({ app }: Visit, said: Said, article?: Story): Promise<Story> {
  const { image, tags = [], authors = [], ...words } = said
  const at = instant(app.now())
  const id = image?.id
  const picture = id === undefined ? undefined : (await media.pictures(app.read, [id])).get(id)
  const blank = { id: 0, public_id: '', source_id: 0, guid: '', entry_id: '', excerpt: '', fingerprint: '' }
  return {
    ...{ ...blank, section_key: null, link_key: null, title_key: null, archived_at: null, pictured_at: null },
    ...{ created_at: at, revised_at: null, withdrawn_at: null, withdrawn_reason: null, ...article },
    ...{ summary: null, section: null, credit: null, url: null, ...words, tags, authors },
    ...{ image_id: id ?? null, image_url: image?.url ?? null, image_alt: image?.alt ?? null },
    ...{ image_caption: image?.caption ?? null, image_credit: image?.credit ?? null, picture: picture ?? null },
    published_at: said.published_at ?? at,
    updated_at: said.published_at ?? at,
  }
}

/** A story as its page shows it, as a document for a frame: it brings its own sheet and runs nothing. */
export async function framedStory({ app, c }: Visit, story: Story): Promise<Response> {
  const everything = await paper(app)
  const sheet = assets.find(assets.style(everything.site.accent).slice('/assets/'.length))!
  const page: Html = html`<!doctype html>
<html lang="${story.language}" dir="${direction(story.language)}">
<head><meta charset="utf-8"><title>${story.title}</title><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark">
<base target="_blank"><style>${raw(String(sheet.body))}</style></head>
<body><main>${full(story, inLanguage(everything, story.language))}</main></body>
</html>
`
  return c.html(page)
}
