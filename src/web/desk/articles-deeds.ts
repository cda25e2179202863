import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import * as digests from '../../digests/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as takingBack from '../../taking-back.ts'
import { oneLine } from '../../text.ts'
import type { Html } from '../pages.ts'
import { articleOf, deedIn, doing } from './articles-doing.ts'
import { ROOM } from './articles-states.ts'
import { choice, field } from './fields.ts'
import { hidden } from './frame.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const MOST = 50 // articles at once: a page
const KEPT = ['q', 'state', 'section', 'language', 'source', 'author'] // of the address, after a deed

/** What is done with several articles at once, and how the last deed is taken back. */
export const deedRoutes: Route[] = [
  { method: 'POST', path: `${ROOM}/deeds`, allow: 'article.write', answer: deed },
  { method: 'POST', path: `${ROOM}/undo`, allow: 'article.write', answer: undo },
]

/** The form for the rows that are chosen. */
export function deedForm(visit: Visit): Html {
  const { language } = visit
  const deeds = ['withdraw', 'section'] as const
  return html`<form id="deeds" class="deeds" method="post" action="${ROOM}/deeds">${hidden(visit)}<input type="hidden" name="back" value="${keptOf(visit.query)}">
${choice(language, { name: 'deed', label: 'desk.articles-deed', value: 'withdraw', options: deeds.map((deed) => [deed, say(language, `desk.articles-deed-${deed}`)] as const) })}
${field(language, { name: 'words', label: 'desk.articles-deed-words', max: 300 })}
<p><button class="second" type="submit">${say(language, 'desk.articles-deed-do')}</button></p></form>`
}

/** The filters of an address, without what else it may hold. */
export function keptOf(query: URLSearchParams): string {
  return new URLSearchParams(KEPT.flatMap((name) => (query.get(name) ? [[name, query.get(name)!]] : []))).toString()
}

/** The room with the filters that a form remembered. */
export function roomWith(back: string): string {
  const kept = keptOf(new URLSearchParams(back.slice(0, 2000)))
  return kept ? `${ROOM}?${kept}` : ROOM
}

async function deed(visit: Visit): Answer {
  const { form } = visit
  const back = roomWith(form.get('back') ?? '')
  const ids = [...new Set(form.getAll('id'))].slice(0, MOST)
  if (ids.length === 0) throw new Problem('nothing-chosen')
  const chosen = await Promise.all(ids.map((id) => articleOf(visit, id)))
  const words = oneLine(form.get('words') ?? '')
  if (form.get('deed') === 'withdraw') return withdrawAll(visit, chosen, words, back)
  if (form.get('deed') !== 'section') throw new Problem('page-not-found')
  if (!words) throw new Problem('section-empty')
  return setSection(visit, chosen, words, back)
}

async function withdrawAll(visit: Visit, chosen: articles.Story[], reason: string, back: string): Promise<Response> {
  if (!reason) throw new Problem('withdrawal-reason')
  const { app } = visit
  const actor = actorOf(visit)
  return doing(visit, back, async () => {
    await app.db.transaction().execute(async (db) => {
      for (const { public_id } of chosen) await digests.withdrawIn(app, db, actor, public_id, reason)
    })
    await digests.reviseHeld(app, actor)
  })
}

async function setSection(visit: Visit, chosen: articles.Story[], section: string, back: string): Promise<Response> {
  const { app } = visit
  const at = instant(app.now())
  return doing(visit, back, () =>
    app.db.transaction().execute(async (db) => {
      for (const { public_id } of chosen) {
        const { section: _, ...said } = await articles.standing(db, public_id)
        await articles.edit(db, actorOf(visit), public_id, { ...said, section }, { at })
      }
    }),
  )
}

async function undo(visit: Visit): Answer {
  const { app, c, form, query } = visit
  const deed = deedIn(form.get('undo') ?? '')
  const taken = deed !== undefined && (await takingBack.takeBack(app, actorOf(visit), deed))
  const back = query.get('back') ?? ''
  const path = /^[a-z0-9]{1,30}$/.test(back) ? `${ROOM}/${back}` : roomWith(back)
  return c.redirect(tellAt(path, taken ? 'undone' : 'gone'), 303)
}
