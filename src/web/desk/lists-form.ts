import { html } from 'hono/html'
import { languageName, say, spoken } from '../../locale.ts'
import { snippets } from '../embed.ts'
import type { Html } from '../pages.ts'

import { listHere, listPage, pathOf } from './lists-page.ts'
import { listOfPath } from './lists-seen.ts'
import type { Answer, Route, Visit } from './routes.ts'

/** Where readers join a list, here and on other sites. */
export const listFormRoutes: Route[] = [
  { method: 'GET', path: '/admin/lists/:list/form', allow: 'list.read', list: listOfPath, answer: formPage },
]

async function formPage(visit: Visit): Answer {
  const { app, language, query } = visit
  const list = await listHere(visit)
  const here = `${pathOf(list)}/form`
  if (list.visibility !== 'public')
    return listPage(visit, list, here, html`<p class="none">${say(language, 'desk.lists-form-private')}</p>`)
  const own = list.language.split('-')[0]!
  const tongue = [query.get('in'), own].find((tag) => spoken.includes(tag ?? '')) ?? 'en'
  const address = `${app.config.url}/subscribe?${new URLSearchParams({ list: list.slug, lang: tongue })}`
  const { form, frame } = snippets(app.config.url, list, tongue)
  return listPage(
    visit,
    list,
    here,
    html`<p class="tongues">${spoken.map((tag) => html`<a href="${here}?in=${tag}" hreflang="${tag}"${tag === tongue && html` aria-current="true"`}>${languageName(tag, language)}</a> `)}</p>
<h2>${say(language, 'desk.lists-form-page')}</h2><p><a href="${address}" dir="ltr">${address}</a></p>
${copied(language, 'frame', 'desk.lists-form-frame', frame)}
${copied(language, 'form', 'desk.lists-form-own', form)}`,
  )
}

function copied(
  language: string,
  id: string,
  label: 'desk.lists-form-frame' | 'desk.lists-form-own',
  text: string,
): Html {
  return html`<p><label for="${id}">${say(language, label)}</label><textarea id="${id}" dir="ltr" rows="${Math.min(10, text.split('\n').length + 2)}" readonly>${text}</textarea></p>`
}
