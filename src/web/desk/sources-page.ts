import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { reading, standing } from './sources-facts.ts'
import { read, settingsFields } from './sources-fields.ts'
import { nameOf } from './sources-words.ts'
import { tellAt, toldHere } from './told.ts'

const ROOM = '/admin/sources'

/** A source: how it fares, how it is read, what is decided about it. */
export const pageRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/:id`, allow: 'source.read', answer: (visit) => sourcePage(visit) },
  { method: 'POST', path: `${ROOM}/:id`, allow: 'source.write', answer: save },
  { method: 'POST', path: `${ROOM}/:id/undo`, allow: 'source.write', answer: undo },
  { method: 'POST', path: `${ROOM}/:id/poll`, allow: 'source.write', answer: (visit) => done(visit, sources.hasten) },
  { method: 'POST', path: `${ROOM}/:id/pause`, allow: 'source.write', answer: (visit) => done(visit, sources.pause) },
  { method: 'POST', path: `${ROOM}/:id/resume`, allow: 'source.write', answer: (visit) => done(visit, sources.resume) },
]

/** The number of the source that the address names; 0, which nobody has, for what is none. */
export function idOf({ params }: Visit): number {
  return /^[1-9]\d{0,14}$/.test(params['id']!) ? Number(params['id']) : 0
}

async function sourcePage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, roles } = visit
  const source = await sources.find(app.read, idOf(visit))
  const mayWrite = accounts.may(roles, 'source.write')
  const page = await deskPage(
    visit,
    nameOf(source),
    html`<p><a class="go" href="${ROOM}">${say(language, 'desk.sources')}</a></p>${toldHere(visit, `${ROOM}/${source.id}/undo`)}${mistake(language, problem)}
<section id="standing"${waits(visit, source) && html` hx-get="${ROOM}/${source.id}" hx-trigger="load delay:3s" hx-target="#standing" hx-select="#standing" hx-swap="outerHTML"`}><h2>${say(language, 'desk.sources-standing')}</h2>
${standing(visit, source)}${mayWrite && deeds(visit, source)}
${await reading(visit, source)}</section>
${mayWrite && settings(visit, source)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** Whether it is about to be asked. */
function waits({ app }: Visit, { due_at }: sources.Source): boolean {
  return due_at !== null && due_at <= instant(app.now())
}

function deeds(visit: Visit, source: sources.Source): Html {
  const { language } = visit
  const { id, paused_at, ended_at } = source
  const deed = (verb: 'poll' | 'pause' | 'resume', manner: string) =>
    html`<form method="post" action="${ROOM}/${id}/${verb}">${hidden(visit)}<button class="${manner}" type="submit">${say(language, `desk.sources-do-${verb}`)}</button></form>`
  if (paused_at !== null || ended_at !== null) return html`<div class="deeds">${deed('resume', 'first')}</div>`
  const asked = waits(visit, source)
  return html`<div class="deeds">${asked ? html`<p>${say(language, 'desk.sources-asked-soon')}</p>` : deed('poll', 'second')}${deed('pause', 'second')}</div>`
}

function settings(visit: Visit, source: sources.Source): Html {
  const { language, form } = visit
  return html`<section><h2>${say(language, 'desk.sources-settings')}</h2><form method="post" action="${ROOM}/${source.id}">${hidden(visit)}
${field(language, { name: 'url', label: 'desk.sources-address', value: form.get('url') ?? source.url, dir: 'ltr', max: 2000, required: true })}
${settingsFields(visit, source)}
<p><button type="submit">${say(language, 'desk.sources-save')}</button></p></form></section>`
}

async function save(visit: Visit): Answer {
  const { app, c, form } = visit
  const id = idOf(visit)
  try {
    const before = await sources.find(app.db, id)
    const at = instant(app.now())
    const url = form.get('url')?.trim()
    const changed = differing(before, { ...read(visit), ...(url && { url }) })
    await sources.set(app, actorOf(visit), id, changed)
    return c.redirect(tellAt(`${ROOM}/${id}`, 'saved', Object.keys(changed).length > 0 ? String(at) : undefined), 303)
  } catch (error) {
    if (error instanceof Problem && error.code !== 'source-not-found') return sourcePage(visit, error)
    throw error
  }
}

/** What the form holds otherwise than the source: only that is written to the trail, and can be taken back. */
function differing(source: sources.Source, settings: sources.Settings & { url?: string }): sources.Settings {
  return Object.fromEntries(
    Object.entries(settings).filter(([name, value]) => (source[name as keyof sources.Settings] ?? '') !== value),
  )
}

async function undo(visit: Visit): Answer {
  const { app, c, form } = visit
  const id = idOf(visit)
  const undone = await sources.undo(app, actorOf(visit), id, Number(form.get('undo')) as Instant)
  return c.redirect(tellAt(`${ROOM}/${id}`, undone ? 'undone' : 'gone'), 303)
}

async function done(visit: Visit, deed: typeof sources.pause): Answer {
  const { id } = await deed(visit.app, actorOf(visit), idOf(visit))
  return visit.c.redirect(tellAt(`${ROOM}/${id}`, 'done'), 303)
}
