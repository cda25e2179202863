import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import { area } from './fields.ts'
import { hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/pages'
const LONGEST = 1024 * 1024 // bytes of a form with all four pages

/** The pages that stand beside the news: about, contact, privacy, imprint. */
export const pageRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => standingPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', takes: { form: LONGEST }, answer: setPages },
]

async function standingPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, form } = visit
  const paper = await site.show(app, app.read)
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}<p>${say(language, 'desk.settings-pages-text')}</p>
<form method="post" action="${HERE}">${hidden(visit)}
${site.standingPages.map(
  (name) =>
    html`${area(language, { name, label: `desk.settings-page-${name}`, value: form.get(name) ?? paper[name], rows: 8 })}${paper[name] && html`<p class="small"><a href="/${name}">${say(language, 'desk.settings-pages-see')}</a></p>`}`,
)}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function setPages(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    const given = Object.fromEntries(
      site.standingPages.flatMap((name) => (form.has(name) ? [[name, form.get(name)!]] : [])),
    )
    await site.set(app, actorOf(visit), given)
    return c.redirect(tellAt(HERE, 'saved'), 303)
  } catch (error) {
    if (error instanceof Problem) return standingPage(visit, error)
    throw error
  }
}
