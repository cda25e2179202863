import { html } from 'hono/html'
import type * as articles from '../../articles/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as takingBack from '../../taking-back.ts'
import { oneLine } from '../../text.ts'
import type { Html } from '../pages.ts'
import { articleOf, deedIn, doing } from './articles-doing.ts'
import { DEEDS, type DeedName } from './articles-several.ts'
import { keptOf, ROOM, roomWith, type State } from './articles-states.ts'
import { askingAll } from './articles-withdraw.ts'
import { choice, field } from './fields.ts'
import { hidden } from './frame.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const MOST = 50 // articles at once: a page
const STANDING: DeedName[] = ['withdraw', 'section', 'pin', 'unpin']

/** What is done with several articles at once, and how the last deed is taken back. */
export const deedRoutes: Route[] = [
  { method: 'POST', path: `${ROOM}/deeds`, allow: 'article.write', answer: deed },
  { method: 'POST', path: `${ROOM}/undo`, allow: 'article.write', answer: undo },
]

/** The form for the rows that are chosen: what may be done with articles of this state. */
export function deedForm(visit: Visit, state: State): Html {
  const { language } = visit
  const start = html`<form id="deeds" class="deeds" method="post" action="${ROOM}/deeds">${hidden(visit)}<input type="hidden" name="back" value="${keptOf(visit.query)}">`
  if (state === 'withdrawn')
    return html`${start}<p><button class="second" type="submit" name="deed" value="restore">${say(language, 'desk.articles-deed-restore-all')}</button></p></form>`
  const deeds: DeedName[] = state === '' ? [...STANDING, 'restore'] : STANDING
  return html`${start}
${choice(language, { name: 'deed', label: 'desk.articles-deed', value: 'withdraw', options: deeds.map((deed) => [deed, say(language, `desk.articles-deed-${deed}`)] as const) })}
${field(language, { name: 'words', label: 'desk.articles-deed-words', max: 300 })}
<p><button class="second" type="submit">${say(language, 'desk.articles-deed-do')}</button></p></form>`
}

async function deed(visit: Visit): Answer {
  const { form } = visit
  const ids = [...new Set(form.getAll('id'))].slice(0, MOST)
  if (ids.length === 0) throw new Problem('nothing-chosen')
  const name = form.get('deed') ?? ''
  if (!Object.hasOwn(DEEDS, name)) throw new Problem('page-not-found')
  const chosen: articles.Story[] = []
  for (const id of ids) chosen.push(await articleOf(visit, id))
  const words = oneLine(form.get('words') ?? '')
  if (name === 'withdraw' && !words) return askingAll(visit, chosen)
  const work = await DEEDS[name as DeedName](visit, chosen, words)
  return doing(visit, roomWith(form.get('back') ?? ''), work)
}

async function undo(visit: Visit): Answer {
  const { app, c, form, query } = visit
  const deed = deedIn(form.get('undo') ?? '')
  const taken = deed !== undefined && (await takingBack.takeBack(app, actorOf(visit), deed))
  const back = query.get('back') ?? ''
  const path = /^[a-z0-9]{1,30}$/.test(back) ? `${ROOM}/${back}` : roomWith(back)
  return c.redirect(tellAt(path, taken ? 'undone' : 'gone'), 303)
}
