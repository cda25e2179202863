import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as retention from '../../retention.ts'
import type { Html } from '../pages.ts'
import { field } from './fields.ts'
import { hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { settingsPage } from './settings-page.ts'
import { tellAt } from './told.ts'

const HERE = '/admin/settings/retention'

/** How long things are kept, what is kept in any case, and why. */
export const retentionRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'settings.read', answer: (visit) => retentionPage(visit) },
  { method: 'POST', path: HERE, allow: 'settings.write', answer: setRetention },
]

/** What has no time of its own, with the reason. */
const FIXED = ['readers', 'articles', 'left', 'polls', 'arrivals', 'logs'] as const

async function retentionPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language } = visit
  const all = await retention.show(app, app.read)
  const fixed = retention.KINDS.some((kind) => all[kind].said === 'environment')
  const page = await settingsPage(
    visit,
    HERE,
    html`${mistake(language, problem)}<p>${say(language, 'desk.retention-text')}</p>
<form method="post" action="${HERE}">${hidden(visit)}
${retention.KINDS.map((kind) => one(visit, kind, all[kind]))}
${fixed && html`<p class="small">${say(language, 'desk.retention-fixed')}</p>`}
<p><button type="submit">${say(language, 'desk.settings-save')}</button></p></form>
<section><h2>${say(language, 'desk.retention-besides')}</h2><dl class="kept">${FIXED.map((name) => html`<dt>${say(language, `desk.retention-${name}`)}</dt><dd>${say(language, `desk.retention-${name}-why`)}</dd>`)}</dl></section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

function one({ language, form }: Visit, kind: retention.Kind, { days, said }: retention.Keeping): Html {
  const { least, most } = retention.KEPT[kind]
  const label: MessageKey = `desk.retention-${kind}`
  if (said === 'environment')
    return html`<p><b>${say(language, label)}</b><br>${lasting(language, kind, days)} <span class="small">NASHRA_KEEP</span><span class="small">${say(language, `desk.retention-${kind}-why`)}</span></p>`
  const value = form.get(kind) ?? days
  return field(language, { name: kind, label, hint: `desk.retention-${kind}-why`, type: 'number', least, most, value })
}

/** How long in words: “400 days”, “for ever”. */
function lasting(language: string, kind: retention.Kind, days: number | null): string {
  if (days === null) return say(language, 'desk.retention-ever')
  return say(language, kind === 'backups' ? 'desk.retention-nights' : 'desk.retention-days', { n: days })
}

async function setRetention(visit: Visit): Answer {
  const { app, c, form } = visit
  try {
    const wish = retention.KINDS.flatMap((kind) => (form.has(kind) ? [[kind, form.get(kind)!]] : []))
    await retention.set(app, actorOf(visit), Object.fromEntries(wish))
    return c.redirect(tellAt(HERE, 'saved'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return retentionPage(visit, problem)
    throw problem
  }
}
