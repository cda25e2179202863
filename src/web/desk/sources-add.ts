import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as sources from '../../sources/index.ts'
import type { Html } from '../pages.ts'
import { field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { read, settingsFields } from './sources-fields.ts'
import { shownTrial } from './sources-trial.ts'
import { tellAt } from './told.ts'

const ROOM = '/admin/sources'
const HERE = `${ROOM}/new`
const PATIENCE = 45_000 // ms: before the server would end the request

/** Adding a source: its address, a test read that stores nothing, and then the source. */
export const addRoutes: Route[] = [
  { method: 'GET', path: HERE, allow: 'source.write', answer: (visit) => addPage(visit) },
  { method: 'POST', path: HERE, allow: 'source.write', answer: tryOrKeep },
]

type Said = { problem?: Problem; trial?: sources.Trial }

async function addPage(visit: Visit, { problem, trial }: Said = {}): Answer {
  const { c, language, form } = visit
  const url = trial?.url ?? form.get('url') ?? ''
  const page = await deskPage(
    visit,
    say(language, 'desk.sources-new'),
    html`<p><a class="go" href="${ROOM}">${say(language, 'desk.sources')}</a></p>${mistake(language, problem)}
<form method="post" action="${HERE}">${hidden(visit)}
${field(language, { name: 'url', label: 'desk.sources-address', hint: 'desk.sources-address-hint', value: url, dir: 'ltr', max: 2000, required: true })}
${deeds(visit, trial !== undefined, problem !== undefined)}
${trial && shownTrial(visit, trial)}
<details${(trial || problem) && html` open`}><summary>${say(language, 'desk.sources-settings')}</summary>${settingsFields(visit)}</details></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** First it is read as a test, also by who presses Enter; what was read, or cannot be read now, may be kept. */
function deeds({ language }: Visit, read: boolean, failed: boolean): Html {
  const look = html`<button type="submit" name="do" value="try"${read && html` class="second"`}>${say(language, read ? 'desk.sources-try-again' : 'desk.sources-try')}</button>`
  const keep = html`<button type="submit" name="do" value="keep"${failed && html` class="second"`}>${say(language, failed ? 'desk.sources-keep-unread' : 'desk.sources-keep')}</button>`
  return html`<div class="deeds">${look}${(read || failed) && html` ${keep}`}</div>`
}

async function tryOrKeep(visit: Visit): Answer {
  const { app, c, form } = visit
  const signal = AbortSignal.any([c.req.raw.signal, AbortSignal.timeout(PATIENCE)])
  try {
    if (form.get('do') !== 'keep') {
      const url = form.get('instead') ?? form.get('url') ?? ''
      return await addPage(visit, { trial: await sources.tryRead(app, url, read(visit), signal) })
    }
    const { id } = await sources.add(app, actorOf(visit), form.get('url') ?? '', read(visit), signal)
    return c.redirect(tellAt(`${ROOM}/${id}`, 'saved'), 303)
  } catch (problem) {
    if (problem instanceof Problem) return addPage(visit, { problem })
    throw problem
  }
}
