import { setTimeout } from 'node:timers/promises'
import { html } from 'hono/html'
import { type Instant, instant } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as digests from '../../digests/index.ts'
import { longDate, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { digestPage, listOfDigest, mayHere, mending, named, pathOf } from './digests-frame.ts'
import { hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt, toldHere } from './told.ts'

const PATH = '/admin/digests/:digest/coming'
const PATIENCE = 2000 // ms that a page waits for an edition

/** The edition to come: its stories in their order, what is left out, and why what is not in it is not. */
export const comingRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'digest.read', list: listOfDigest, answer: (visit) => comingPage(visit) },
  { method: 'POST', path: PATH, allow: 'digest.write', list: listOfDigest, answer: choose },
  { method: 'POST', path: '/admin/digests/:digest/send', allow: 'edition.send', list: listOfDigest, answer: sendNow },
  { method: 'POST', path: `${PATH}/undo`, allow: 'digest.write', list: listOfDigest, answer: undo },
]

async function comingPage(visit: Visit, problem?: Problem): Answer {
  const { app, language } = visit
  const place = await named(visit)
  const staged = await digests.staged(app.read, place, { now: instant(app.now()) })
  const path = pathOf(place, 'coming')
  return digestPage(
    visit,
    place,
    html`${toldHere(visit, `${path}/undo`)}
<h2>${longDate(Temporal.PlainDate.from(staged.day), language)}</h2>
<p class="when">${momentOf(visit, staged.at, place.slot.zone)}${visit.zone !== place.slot.zone && html`<br>${momentOf(visit, staged.at, visit.zone)}`}</p>
${!staged.enough && html`<p class="none">${say(language, staged.present.length === 0 ? 'desk.digests-nothing' : 'desk.digests-too-few', { least: place.digest.min })}${accounts.may(visit.roles, 'article.write') && html` <a class="go" href="/admin/articles/new">${say(language, 'desk.articles-new')}</a>`}</p>`}
<form method="post" action="${path}" id="stage" hx-post="${path}" hx-target="#stage" hx-select="#stage" hx-swap="outerHTML">${hidden(visit)}
<input type="hidden" name="day" value="${staged.day}"><input type="hidden" name="order" value="">
${present(visit, place, staged)}
${await absent(visit, place, staged)}
</form>
${mayHere(visit, place, 'edition.send') && sendForm(visit, place)}`,
    problem,
  )
}

function present(visit: Visit, place: digests.Place, { present, placed }: digests.Staged): Html | '' {
  const { language } = visit
  if (present.length === 0) return ''
  const may = mayHere(visit, place, 'digest.write')
  return html`<p class="small">${say(language, placed > 0 ? 'desk.digests-order-own' : 'desk.digests-order-newest', { n: placed })}${may && placed > 0 && html` <button class="plain" name="deed" value="newest">${say(language, 'desk.digests-newest')}</button>`}</p>
<ol class="stage">${present.map((one, nth) => storyItem(visit, place, one, { nth, last: present.length - 1, may }))}</ol>`
}

type At = { nth: number; last: number; may: boolean }

function storyItem(visit: Visit, place: digests.Place, one: digests.Present, { nth, last, may }: At): Html {
  const { language } = visit
  const { article, waits } = one
  const button = (deed: string, words: string, key: 'up' | 'down' | 'lead' | 'leave-out') =>
    html`<button class="plain" id="${deed}-${article.public_id}" name="deed" value="${deed} ${article.public_id}" aria-label="${say(language, `desk.digests-${key}-of`, { title: article.title })}">${words}</button> `
  return html`<li data-story="${article.public_id}"><div><bdi lang="${article.language}">${article.title}</bdi>
<span class="small">${formWords(language, place, one, nth)}${article.section && html` · <bdi>${article.section}</bdi>`} · ${momentOf(visit, article.published_at)}${waits && html` · ${say(language, 'desk.digests-in-time')}`}</span></div>
${
  may &&
  html`<div class="moves">${nth > 0 && html`${button('up', '↑', 'up')}`}${nth < last && button('down', '↓', 'down')}${nth > 0 && button('lead', say(language, 'desk.digests-lead'), 'lead')}${button('out', say(language, 'desk.digests-leave-out'), 'leave-out')}</div>`
}</li>
`
}

/** How a story stands in it, and so why it is in it. */
function formWords(language: string, { digest }: digests.Place, { form }: digests.Present, nth: number): string {
  if (nth === 0) return say(language, 'desk.digests-form-lead')
  if (form === 'full') return say(language, 'desk.digests-form-full')
  return say(language, form === 'headline' ? 'desk.digests-form-headline' : 'desk.digests-form-more', {
    most: digest.max,
  })
}

async function absent(visit: Visit, place: digests.Place, { absent: all }: digests.Staged): Promise<Html | ''> {
  const { language } = visit
  const absent = seenBy(visit, all)
  if (absent.length === 0) return ''
  const may = mayHere(visit, place, 'digest.write')
  const names = await namesOf(
    visit,
    absent.flatMap(({ by }) => by ?? []),
  )
  return html`<h2>${say(language, 'desk.digests-absent')}</h2>
<ul class="stage">${absent.map((one) => {
    const { article } = one
    return html`<li><div><bdi lang="${article.language}">${article.title}</bdi>
<span class="small">${reasonWords(visit, one, names)}${article.section && html` · <bdi>${article.section}</bdi>`}${one.why !== 'embargoed' && html` · ${momentOf(visit, article.published_at)}`}</span></div>
${one.why === 'left-out' && may && html`<div class="moves"><button class="plain" name="deed" value="back ${article.public_id}" aria-label="${say(language, 'desk.digests-put-back-of', { title: article.title })}">${say(language, 'desk.digests-put-back')}</button></div>`}</li>
`
  })}</ul>`
}

/** Who sees the articles of the whole paper sees what passed this by; others what is of the digest's channel. */
function seenBy({ roles }: Visit, absent: digests.Absent[]): digests.Absent[] {
  return accounts.may(roles, 'article.read') ? absent : absent.filter(({ passes }) => passes)
}

function reasonWords(visit: Visit, one: digests.Absent, names: Map<string, string>): Html {
  const { language } = visit
  const { why, by, at, day } = one
  if (why === 'left-out')
    return html`${say(language, 'desk.digests-why-left-out', { name: names.get(by ?? '') ?? by ?? '—' })} ${momentOf(visit, at ?? null)}`
  if (why === 'embargoed') return html`${say(language, 'desk.digests-why-embargoed')} ${momentOf(visit, at ?? null)}`
  if (why === 'sent' && day)
    return html`${say(language, 'desk.digests-why-sent-on', { day: longDate(Temporal.PlainDate.from(day), language) })}`
  return html`${say(language, `desk.digests-why-${why}`)}`
}

/** What people are called who are in the trail. */
async function namesOf({ app }: Visit, actors: string[]): Promise<Map<string, string>> {
  const people = actors.length > 0 ? await accounts.all(app.read) : []
  return new Map(people.map((one) => [accounts.actorOf(one), one.name || one.address]))
}

/** One deed on the edition to come: a story moved, made the lead, left out, put back; or the whole order, as it was dragged. */
async function choose(visit: Visit): Answer {
  return mending(
    () => chosen(visit),
    (problem) => comingPage(visit, problem),
  )
}

async function chosen(visit: Visit): Answer {
  const { app, c, form } = visit
  const place = await named(visit)
  const path = pathOf(place, 'coming')
  const of = { digest: place.digest, day: form.get('day') ?? '' }
  if (of.day !== place.slot.next_on) throw new Problem('edition-gone', { day: of.day.slice(0, 10) })
  const [deed, story = ''] = (form.get('deed') ?? 'order').split(' ')
  const actor = actorOf(visit)
  if (deed === 'newest') return told(await digests.arrange(app, actor, of, []))
  const { present, absent } = await digests.staged(app.db, place, { now: instant(app.now()) })
  if (deed === 'out' || deed === 'back') refuseUnseen([...present, ...seenBy(visit, absent)], story)
  if (deed === 'out') return told(await digests.leaveOut(app, actor, of, story))
  if (deed === 'back') return told(await digests.putBack(app, actor, of, story))
  const order = wished(
    present.map(({ article }) => article.public_id),
    deed!,
    story,
    form,
  )
  return told(await digests.arrange(app, actor, of, firstOf(order, present)))

  function told(at: string | undefined): Response {
    return c.redirect(at === undefined ? path : tellAt(path, 'saved', at), 303)
  }
}

/** What is decided about a story is decided where it is shown: of another channel's, nothing is said here. */
function refuseUnseen(shown: { article: { public_id: string } }[], story: string): void {
  if (!shown.some(({ article }) => article.public_id === story))
    throw new Problem('article-not-found', { value: story.slice(0, 40) })
}

/** The order after a deed. */
function wished(before: string[], deed: string, story: string, form: URLSearchParams): string[] {
  if (deed === 'order') {
    const order = (form.get('order') ?? '').split(' ').filter((id) => before.includes(id))
    return [...new Set(order), ...before.filter((id) => !order.includes(id))]
  }
  const at = before.indexOf(story)
  const to = deed === 'lead' ? 0 : deed === 'up' ? at - 1 : at + 1
  if (at < 0 || to < 0 || to >= before.length) return before
  return before.filter((id) => id !== story).toSpliced(to, 0, story)
}

/** What has to be placed for that order: all before the stories at its end that stand there by themselves. */
function firstOf(order: string[], present: digests.Present[]): string[] {
  const ranks = new Map(present.map(({ article, rank }) => [article.public_id, rank]))
  const moved = order.findLastIndex((id, nth) => nth > 0 && ranks.get(id)! < ranks.get(order[nth - 1]!)!)
  return order.slice(0, moved < 0 ? 0 : moved)
}

async function undo(visit: Visit): Answer {
  const { app, c, form } = visit
  const place = await named(visit)
  const done = await digests.takeBack(app, actorOf(visit), place.digest, form.get('undo') ?? '')
  return c.redirect(tellAt(pathOf(place, 'coming'), done ? 'undone' : 'gone'), 303)
}

function sendForm(visit: Visit, place: digests.Place): Html {
  const { language } = visit
  return html`<details><summary>${say(language, 'desk.digests-send')}</summary>
<p>${say(language, 'desk.digests-send-text')}</p>
<form method="post" action="${pathOf(place, 'send')}">${hidden(visit)}<p><button type="submit">${say(language, 'desk.digests-send-now')}</button></p></form></details>`
}

/** A Problem where nothing was sent: the day's edition was there, or there is none, and why. */
function refuseUnsent({ language }: Visit, { state, reason, day }: digests.Composed): void {
  if (state === 'exists') throw new Problem('edition-exists', { day })
  const why = reason ? say(language, `desk.editions-skipped-${reason}`) : '—'
  if (state === 'skipped') throw new Problem('edition-skipped', { why })
}

/** The edition whose recipients are still being written, if it is there already. */
async function openedSince(
  { app }: Visit,
  { digest, slot }: digests.Place,
  began: Instant,
): Promise<string | undefined> {
  const row = await app.read
    .selectFrom('edition')
    .select('public_id')
    .where('digest_id', '=', digest.id)
    .where('slot_id', '=', slot.id)
    .where('composed_at', '>=', began)
    .orderBy('composed_at', 'desc')
    .executeTakeFirst()
  return row?.public_id
}

/** Composes the edition now. A large list's recipients take longer than a page may: they are written behind it. */
async function sendNow(visit: Visit): Answer {
  const { app, c } = visit
  const place = await named(visit)
  const began = instant(app.now())
  return mending(
    async () => {
      const composing = digests.composeNow(app, actorOf(visit), place.digest.slug)
      const composed = await Promise.race([composing, setTimeout(PATIENCE, undefined, { ref: false })])
      if (!composed)
        composing.catch((error) => app.log.error('an edition cannot be composed', { digest: place.digest.slug, error }))
      if (composed) refuseUnsent(visit, composed)
      const edition = composed ? composed.edition : await openedSince(visit, place, began)
      const path = edition
        ? `/admin/digests/editions/${edition}`
        : `/admin/digests/editions?digest=${place.digest.slug}`
      return c.redirect(tellAt(path, 'done'), 303)
    },
    (problem) => comingPage(visit, problem),
  )
}
