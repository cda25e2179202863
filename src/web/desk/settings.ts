import { readFile } from 'node:fs/promises'
import { html } from 'hono/html'
import { say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import type { Html } from '../pages.ts'
import { zones } from '../wish-fields.ts'
import { check, choice, field, fileField } from './fields.ts'
import { hidden } from './frame.ts'
import { tongues } from './lists-one.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { keepingRoutes } from './settings-keeping.ts'
import { keyRoutes } from './settings-keys.ts'
import { languageRoutes } from './settings-languages.ts'
import { mailRoutes } from './settings-mail.ts'
import { logoOf, settingsPage } from './settings-page.ts'
import { pageRoutes } from './settings-pages.ts'
import { retentionRoutes } from './settings-retention.ts'
import { tellAt } from './told.ts'
import { trailRoutes } from './trail.ts'

const HERE = '/admin/settings'

/** What the site is called, who sends its letters and how. */
export const settingsRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => identityPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', takes: { files: media.MOST_BYTES }, answer: setIdentity },
  ...pageRoutes,
  ...mailRoutes,
  ...keyRoutes,
  ...languageRoutes,
  ...retentionRoutes,
  ...keepingRoutes,
  ...trailRoutes,
]

async function identityPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language } = visit
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}${identityForm(visit, await site.show(app, app.read), await logoOf(visit))}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/**
 * The form of the site's identity. The first steps show it at their own address, with its language, which has a page of its own
 * here, and with what can wait folded away.
 */
export function identityForm(visit: Visit, paper: site.Site, logo: Html | '', action = HERE): Html {
  const { app, language, form } = visit
  const typed = (name: keyof site.Site) => form.get(name) ?? String(paper[name] ?? '')
  const looks = html`${field(language, { name: 'tagline', label: 'desk.settings-tagline', value: typed('tagline'), max: 200 })}
${field(language, { name: 'accent', label: 'desk.settings-accent', value: typed('accent'), type: 'color' })}
${logo}${logo && check(language, { name: 'no-logo', label: 'desk.settings-logo-none', checked: false })}${fileField(language, { name: 'logo', label: 'desk.settings-logo', hint: 'desk.settings-logo-hint', accept: 'image/jpeg,image/png,image/webp,image/avif,image/gif' })}`
  return html`<form method="post" action="${action}" enctype="multipart/form-data">${hidden(visit)}
${
  app.config.name === undefined
    ? field(language, {
        name: 'name',
        label: 'desk.settings-name',
        value: typed('name'),
        max: 100,
        required: action !== HERE,
      })
    : html`<p>${say(language, 'desk.settings-name-fixed', { name: app.config.name })}</p>`
}
${action !== HERE && choice(language, { name: 'language', label: 'desk.languages-site', hint: 'desk.languages-site-hint', value: typed('language'), options: tongues(language, paper.language) })}
${choice(language, { name: 'zone', label: 'desk.settings-zone', value: typed('zone'), options: zones(language, typed('zone')) })}
${action === HERE ? looks : html`<details><summary>${say(language, 'desk.settings-looks')}</summary>${looks}</details>`}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>`
}

async function setIdentity(visit: Visit): Answer {
  return savingIdentity(visit, tellAt(HERE, 'saved'), (problem) => identityPage(visit, problem))
}

/** Takes what the form of the identity holds, and goes on; or back to the form with what is wrong. */
export async function savingIdentity(visit: Visit, on: string, again: (problem: Problem) => Answer): Answer {
  const { app, c, files, form } = visit
  try {
    const given = Object.fromEntries(
      ['name', 'tagline', 'accent', 'language', 'zone'].flatMap((name) =>
        form.has(name) ? [[name, form.get(name)!]] : [],
      ),
    )
    const [file] = files
    const logo = file && (await media.keep(app, await readFile(file.path)))
    await site.set(app, actorOf(visit), {
      ...given,
      ...(form.has('no-logo') && { logo_id: null }),
      ...(logo && { logo_id: logo.id }),
    })
    return c.redirect(on, 303)
  } catch (error) {
    if (error instanceof Problem) return again(error)
    throw error
  }
}
