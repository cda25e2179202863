import { setTimeout } from 'node:timers/promises'
import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import * as deliveries from '../../deliveries/index.ts'
import * as digests from '../../digests/index.ts'
import * as links from '../../links.ts'
import { longDate, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { mending } from './digests-frame.ts'
import { letterColumns } from './editions-deliveries.ts'
import { edition, listOfEdition, type Shown } from './editions-frame.ts'
import { progressPart } from './editions-progress.ts'
import { stateWords } from './editions-words.ts'
import { deskPage } from './frame.ts'
import { momentOf } from './moments.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { table } from './table.ts'
import { tellAt, toldHere } from './told.ts'

const PATH = '/admin/digests/editions/:edition'
const DOUBTED = 20 // that are named; the others are in the table
const COUNTED = 10_000
const PATIENCE = 1500 // ms that a page waits for a count

/** One edition: how far it is, what became of its letters, and what may be done with it. */
export const editionRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'digest.read', list: listOfEdition, answer: (visit) => editionPage(visit) },
  { method: 'GET', path: `${PATH}/progress`, allow: 'digest.read', list: listOfEdition, answer: progress },
  { method: 'POST', path: `${PATH}/pause`, allow: 'edition.send', list: listOfEdition, answer: deed(digests.pause) },
  { method: 'POST', path: `${PATH}/resume`, allow: 'edition.send', list: listOfEdition, answer: deed(digests.resume) },
  {
    method: 'POST',
    path: `${PATH}/revise`,
    allow: 'edition.send',
    list: listOfEdition,
    answer: deed(digests.reviseHeld),
  },
  { method: 'POST', path: `${PATH}/count`, allow: 'edition.send', list: listOfEdition, answer: countAgain },
]

async function editionPage(visit: Visit, problem?: Problem): Answer {
  const { c, language } = visit
  const shown = await edition(visit)
  const page = await deskPage(
    visit,
    `${shown.title} · ${longDate(Temporal.PlainDate.from(shown.day), language)}`,
    html`${toldHere(visit)}${mistake(language, problem)}
<p><a href="/admin/digests/editions?digest=${shown.slug}">${say(language, 'desk.editions')}</a> · <a href="/admin/digests/${shown.slug}"><bdi>${shown.title}</bdi></a>${shown.state !== 'skipped' && shown.state !== 'composing' && html` · <a href="${links.edition('', shown.slug, shown.day, shown.public_id)}">${say(language, 'desk.editions-public')}</a>`}</p>
<p>${shown.subject && html`<bdi>${shown.subject}</bdi><br>`}<span class="small">${say(language, 'desk.editions-composed')} ${momentOf(visit, shown.composed_at)}</span></p>
<p id="said" class="unseen" role="status"></p>
${await progressPart(visit, shown)}
${await withdrawn(visit, shown)}
${await complained(visit, shown)}
<section id="doubted">${await uncertain(visit, shown)}</section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/**
 * The part of the page that asks for itself until the edition is done. Beside it comes what has changed elsewhere since the look
 * that the address tells of: another state, which is said aloud, and who may have a letter.
 */
async function progress(visit: Visit): Answer {
  const { language, query, app } = visit
  const shown = await edition(visit)
  const { uncertain: now } = await deliveries.progress(app.read, shown.id)
  const before = query.get('uncertain')
  const other = query.has('state') && query.get('state') !== shown.state
  return html`${await progressPart(visit, shown)}${
    other &&
    html`<p id="said" class="unseen" role="status" hx-swap-oob="innerHTML">${stateWords(language, shown.state, shown.reason)}</p>`
  }${before !== null && before !== String(now) && html`<section id="doubted" hx-swap-oob="innerHTML">${await uncertain(visit, shown)}</section>`}`
}

function deed(verb: (app: Visit['app'], actor: string, id: string) => Promise<unknown>): Route['answer'] {
  return async (visit) => {
    const { app, c } = visit
    const { public_id } = await edition(visit)
    return mending(
      async () => {
        await verb(app, actorOf(visit), public_id)
        return c.redirect(tellAt(`/admin/digests/editions/${public_id}`, 'done'), 303)
      },
      (problem) => editionPage(visit, problem),
    )
  }
}

/** Counts every letter anew. Of a large edition that takes longer than a page may: it is counted behind it. */
async function countAgain(visit: Visit): Answer {
  const { app, c } = visit
  const { id, public_id, state } = await edition(visit)
  if (state === 'skipped') throw new Problem('page-not-found')
  const counted = deliveries.recount(app, id)
  counted.catch((error) => app.log.error('an edition was not counted', { error }))
  await Promise.race([counted, setTimeout(PATIENCE, undefined, { ref: false })])
  return c.redirect(`/admin/digests/editions/${public_id}#verdict`, 303)
}

/** The stories of it that were withdrawn, and how many have each already. */
async function withdrawn({ app, language }: Visit, { id }: Shown): Promise<Html | ''> {
  const rows = await app.read
    .selectFrom('part')
    .innerJoin('part_article', 'part_article.part_id', 'part.id')
    .innerJoin('article', 'article.id', 'part_article.article_id')
    .select(['article.public_id', 'article.title', 'article.withdrawn_reason', 'part.id as part'])
    .where('part.edition_id', '=', id)
    .where('article.withdrawn_at', 'is not', null)
    .orderBy('article.id')
    .execute()
  if (rows.length === 0) return ''
  const stories = [...Map.groupBy(rows, ({ public_id }) => public_id).values()]
  const items = await Promise.all(
    stories.map(async (parts) => {
      const n = await deliveries.carried(
        app.read,
        id,
        parts.map(({ part }) => part),
        COUNTED,
      )
      const { title, withdrawn_reason } = parts[0]!
      const have = say(language, n > COUNTED ? 'desk.editions-have-many' : 'desk.editions-have', {
        n: Math.min(n, COUNTED),
      })
      return html`<li><bdi>${title}</bdi> — ${have}${withdrawn_reason && html`<span class="small"><bdi>${withdrawn_reason}</bdi></span>`}</li>`
    }),
  )
  return html`<section><h2>${say(language, 'desk.editions-withdrawn')}</h2><ul>${items}</ul></section>`
}

/** How many readers call it spam. */
async function complained({ app, language }: Visit, { id }: Shown): Promise<Html | ''> {
  const n = await deliveries.complaints(app.read, id)
  return n === 0 ? '' : html`<p class="told">${say(language, 'desk.editions-complaints', { n })}</p>`
}

/** Who may have the letter and may not: by name, with the server's words and the moment. */
async function uncertain(visit: Visit, shown: Shown): Promise<Html | ''> {
  const { app, language, roles } = visit
  const { rows, after } = await deliveries.byFate(app.read, shown.id, 'doubted', { limit: DOUBTED })
  if (rows.length === 0) return ''
  const columns = letterColumns(visit, accounts.may(roles, 'reader.read', shown.list_id), 'doubted')
  const caption = say(language, 'desk.editions-uncertain-who')
  const more = `/admin/digests/editions/${shown.public_id}/deliveries?state=doubted&after=${after}`
  return html`<h2>${caption}</h2><p>${say(language, 'desk.editions-uncertain-text')}</p>
${table(visit, { rows, columns, caption, empty: '' })}
${after !== undefined && html`<p><a class="go" href="${more}">${say(language, 'desk.editions-uncertain-all')}</a></p>`}`
}
