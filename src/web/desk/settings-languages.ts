import { html } from 'hono/html'
import { languageName, say, spoken } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { choice } from './fields.ts'
import { hidden } from './frame.ts'
import { tongues } from './lists-one.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/languages'
const MOST = 100 // lists whose languages stand on one page

/** Which language the paper speaks, and each of its lists; what follows from it. */
export const languageRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => languagesPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', answer: setLanguages },
]

/** What a reader or a colleague sees in which language. */
const FOLLOWS = ['pages', 'stories', 'letters', 'others', 'desk'] as const

async function languagesPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language } = visit
  const paper = await site.show(app, app.read)
  const lists = (await subscribers.allLists(app.read)).slice(0, MOST)
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}
<form method="post" action="${HERE}">${hidden(visit)}
${choice(language, { name: 'language', label: 'desk.languages-site', hint: 'desk.languages-site-hint', value: paper.language, options: tongues(language, paper.language) })}
${lists.length > 0 && html`<fieldset><legend>${say(language, 'desk.languages-lists')}</legend><p class="small">${say(language, 'desk.languages-lists-text')}</p>${lists.map((list) => listField(visit, list))}</fieldset>`}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>
<section><h2>${say(language, 'desk.languages-follows')}</h2><ul class="plain">${FOLLOWS.map((name) => html`<li>${say(language, `desk.languages-${name}`, { languages: named(spoken, language) })}</li>`)}</ul>
<p><a class="go" href="/admin/me">${say(language, 'desk.languages-own')}</a></p></section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

function listField({ language }: Visit, list: subscribers.List): Html {
  const id = `list-${list.slug}`
  return html`<p><label for="${id}"><bdi>${list.title}</bdi></label><select id="${id}" name="${id}">${tongues(language, list.language).map(([tag, words]) => html`<option value="${tag}"${tag === list.language && html` selected`}>${words}</option>`)}</select>
<a class="small" href="/admin/lists/${list.slug}/letters">${say(language, 'desk.languages-letters-of')}</a></p>`
}

function named(tags: string[], language: string): string {
  return new Intl.ListFormat(language).format(tags.map((tag) => languageName(tag, language)))
}

async function setLanguages(visit: Visit): Answer {
  const { app, c, form } = visit
  const actor = actorOf(visit)
  try {
    const paper = await site.show(app, app.read)
    const wanted = form.get('language')
    if (wanted !== null && wanted !== paper.language) await site.set(app, actor, { language: wanted })
    for (const { slug, language } of await subscribers.allLists(app.read)) {
      const own = form.get(`list-${slug}`)
      if (own !== null && own !== language) await subscribers.setList(app, actor, slug, { language: own })
    }
    return c.redirect(tellAt(HERE, 'saved'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return languagesPage(visit, problem)
    throw problem
  }
}
