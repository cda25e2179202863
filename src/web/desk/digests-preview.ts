import { html } from 'hono/html'
import { type Instant, instant, moment } from '../../../db/instant.ts'
import * as accounts from '../../accounts/index.ts'
import * as digests from '../../digests/index.ts'
import * as letters from '../../letters/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { digestPage, hourWords, listOfDigest, mayHere, mending, named, pathOf } from './digests-frame.ts'
import { lintPanel } from './digests-lint.ts'
import { area, choice, field } from './fields.ts'
import { hidden } from './frame.ts'
import { fieldMoment, readMoment } from './moments.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

/** How a letter may be looked at. */
const LOOKS = ['desktop', 'phone', 'dark', 'images-off', 'text', 'raw'] as const
type Look = (typeof LOOKS)[number]

/** The letter of any reader at any moment, what it would stumble over, and a test of it. */
export const previewRoutes: Route[] = [
  { method: 'GET', path: '/admin/digests/:digest/preview', allow: 'digest.read', list: listOfDigest, answer: preview },
  {
    ...{ method: 'GET', path: '/admin/digests/:digest/letter', allow: 'digest.read', list: listOfDigest },
    ...{ framed: true, answer: letter },
  },
  { method: 'POST', path: '/admin/digests/:digest/test', allow: 'digest.test', list: listOfDigest, answer: test },
]

/** Which letter the fields ask for. */
type Asked = { reader: string; at: string; slot: string; look: Look }

function asked(fields: URLSearchParams): Asked {
  const word = (name: string) => (fields.get(name) ?? '').trim()
  const look = LOOKS.find((one) => one === word('as')) ?? 'desktop'
  return { reader: word('reader'), at: word('at'), slot: word('slot'), look }
}

async function preview(visit: Visit): Answer {
  return previewPage(visit, asked(visit.query))
}

type More = { problem?: Problem | undefined; tried?: digests.Tried[]; to?: string }

async function previewPage(visit: Visit, one: Asked, { problem, tried, to }: More = {}): Answer {
  const place = await named(visit)
  let shown: digests.Preview | undefined
  let reason = problem
  try {
    shown = await made(visit, place, one)
  } catch (error) {
    if (!(error instanceof Problem) || error.status === 403) throw error
    reason ??= error
  }
  return digestPage(
    visit,
    place,
    html`${await form(visit, place, one)}
${tried && triedRows(visit, tried)}
${shown && html`${looks(visit, place, one)}${await lookAt(visit, place, one, shown)}${await lintPanel(visit, shown)}`}
${shown && mayHere(visit, place, 'digest.test') && testForm(visit, place, one, to)}`,
    reason,
  )
}

/**
 * The letter that is asked for. Whose it is may be asked by who works with the list and knows the address; by an id that would tell
 * the address, who may see readers.
 */
async function made(visit: Visit, place: digests.Place, { reader, at, slot }: Asked): Promise<digests.Preview> {
  const works = mayHere(visit, place, 'digest.write') || mayHere(visit, place, 'edition.send')
  const knows = reader === '' || mayHere(visit, place, 'reader.read') || (works && reader.includes('@'))
  if (!knows) throw new Problem('not-allowed')
  const letter = await digests.preview(visit.app, place.digest.slug, {
    ...(await wanted(visit, place, { reader, at, slot })),
    blank: true,
  })
  return { ...letter, ...letters.opened(letter.eml) } // as a mail reader has it, with the blanks that its encoding adds
}

async function wanted(
  visit: Visit,
  place: digests.Place,
  { reader, at, slot }: Omit<Asked, 'look'>,
): Promise<digests.Wanted> {
  return {
    at: moment(at === '' ? comes(visit, place) : capped(visit, place, momentTyped(at, place))),
    ...(reader !== '' && { subscriber: reader }),
    ...(slot !== '' && { slot: await slotTyped(visit, place, slot) }),
  }
}

function comes({ app }: Visit, { slot }: digests.Place): Instant {
  return Math.max(slot.next_at, instant(app.now())) as Instant
}

function momentTyped(at: string, { slot }: digests.Place): Instant {
  const found = readMoment(at, slot.zone)
  if (found === undefined) throw new Problem('bad-date', { value: at.slice(0, 40) })
  return found
}

/** Who does not see the articles of the whole paper sees none before the hour of the edition that brings them. */
function capped(visit: Visit, place: digests.Place, at: Instant): Instant {
  const may = accounts.may(visit.roles, 'article.read')
  return may ? at : (Math.min(at, comes(visit, place)) as Instant)
}

async function slotTyped({ app }: Visit, { digest }: digests.Place, slot: string): Promise<number> {
  const hours = await digests.hours(app.read, digest)
  const found = hours.find((one) => String(one.slot.id) === slot)
  if (!found) throw new Problem('page-not-found')
  return found.slot.id
}

async function form(visit: Visit, place: digests.Place, { reader, at, slot, look }: Asked): Promise<Html> {
  const { app, language } = visit
  const hours = await digests.hours(app.read, place.digest)
  const options = hours.map((one) => [String(one.slot.id), hourWords(language, one.slot)] as const)
  return html`<form class="filters ask" method="get" action="${pathOf(place, 'preview')}"><input type="hidden" name="as" value="${look}">
${field(language, { name: 'reader', label: 'desk.digests-reader', hint: 'desk.digests-reader-hint', value: reader, dir: 'ltr', max: 254 })}
${field(language, { name: 'at', label: 'desk.digests-moment', hint: 'desk.digests-moment-hint', type: 'datetime-local', value: at || fieldMoment(comes(visit, place), place.slot.zone) })}
${hours.length > 1 && choice(language, { name: 'slot', label: 'desk.digests-slot', value: slot, options: [['', say(language, 'desk.digests-slot-own')], ...options] })}
<p><button type="submit">${say(language, 'desk.digests-show')}</button></p></form>`
}

/** The same letter, looked at otherwise. */
function addressOf(place: digests.Place, page: string, { reader, at, slot }: Asked, look: Look): string {
  const fields = new URLSearchParams({ ...(reader && { reader }), ...(at && { at }), ...(slot && { slot }), as: look })
  return `${pathOf(place, page)}?${fields}`
}

function looks({ language }: Visit, place: digests.Place, one: Asked): Html {
  return html`<nav aria-label="${say(language, 'desk.digests-looks')}"><ul class="sub">${LOOKS.map((look) => html`<li><a href="${addressOf(place, 'preview', one, look)}"${look === one.look && html` aria-current="page"`}>${say(language, `desk.digests-look-${look}`)}</a></li>`)}</ul></nav>`
}

async function lookAt({ language }: Visit, place: digests.Place, one: Asked, shown: digests.Preview): Promise<Html> {
  const { look } = one
  const title = say(language, 'desk.digests-letter')
  const subject = html`<p class="letter-subject"><bdi>${shown.subject}</bdi></p>`
  const source =
    look === 'raw' ? shown.eml.toString('latin1') : look === 'text' || shown.html === '' ? shown.text : undefined
  if (source !== undefined)
    return html`${subject}<pre class="letter-source" dir="${look === 'raw' ? 'ltr' : 'auto'}" tabindex="0" role="region" aria-label="${title}">${source}</pre>`
  return html`${subject}<iframe class="letter letter-${look}" title="${title}" src="${addressOf(place, 'letter', one, look)}" sandbox="allow-popups allow-popups-to-escape-sandbox" referrerpolicy="no-referrer"></iframe>`
}

/** The letter's own document, as its bytes are; in the dark and without pictures, as a mail reader then shows it. */
async function letter(visit: Visit): Answer {
  const { c } = visit
  const place = await named(visit)
  const one = asked(visit.query)
  const shown = await made(visit, place, one)
  if (one.look === 'raw')
    return c.body(new Uint8Array(shown.eml), 200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
    })
  if (one.look === 'text' || shown.html === '') return c.text(shown.text)
  return c.html(lookedAt(shown.html, one.look))
}

function lookedAt(source: string, look: Look): string {
  if (look === 'dark')
    return source.replace(/<style[\s\S]*?<\/style>/gi, (sheet) =>
      sheet.replace(/\(prefers-color-scheme:\s*dark\)/gi, '(min-width:0)'),
    )
  if (look === 'images-off') return source.replace(/(<img\b(?:"[^"]*"|[^">])*?)\ssrc="[^"]*"/gi, '$1')
  return source
}

function testForm(visit: Visit, place: digests.Place, { reader, at, slot, look }: Asked, to?: string): Html {
  const { language, account } = visit
  return html`<section><h2>${say(language, 'desk.digests-test')}</h2>
<form method="post" action="${pathOf(place, 'test')}">${hidden(visit)}
<input type="hidden" name="reader" value="${reader}"><input type="hidden" name="at" value="${at}"><input type="hidden" name="slot" value="${slot}"><input type="hidden" name="as" value="${look}">
${
  mayHere(visit, place, 'digest.write')
    ? html`${area(language, { name: 'to', label: 'desk.digests-test-to', hint: 'desk.digests-test-hint', value: to ?? account.address, rows: 2, dir: 'ltr', max: 1500 })}
<p><button type="submit">${say(language, 'desk.digests-test-send')}</button></p>`
    : html`<p class="small">${say(language, 'desk.digests-test-own')}</p>
<p><button type="submit">${say(language, 'desk.settings-test', { address: account.address })}</button></p>`
}</form></section>`
}

/** Where a test goes: to whoever writes the digest's promise wherever he likes, to whoever sends it to himself. */
function addressees(visit: Visit, place: digests.Place): string {
  const { form, account } = visit
  const to = form.get('to')?.trim() || account.address
  if (mayHere(visit, place, 'digest.write')) return to
  if (to.toLowerCase() !== account.address.toLowerCase()) throw new Problem('not-allowed')
  return account.address
}

/** Sends it, and shows below the form what the relay said to each. */
async function test(visit: Visit): Answer {
  const { app, form } = visit
  const place = await named(visit)
  const one = asked(form)
  const to = addressees(visit, place)
  return mending(
    async () => {
      await made(visit, place, one)
      const tried = await digests.sendTest(app, actorOf(visit), place.digest.slug, to, await wanted(visit, place, one))
      return previewPage(visit, one, { tried, to })
    },
    (problem) => previewPage(visit, one, { problem, to }),
  )
}

function triedRows({ language }: Visit, tried: digests.Tried[]): Html {
  return html`<div class="told" role="status"><ul>${tried.map(({ to, kind, reply }) => html`<li><bdi dir="ltr">${to}</bdi>: ${say(language, `desk.digests-tried-${kind}`)} ${reply && html`<bdi class="small" dir="ltr">${reply}</bdi>`}</li>`)}</ul></div>`
}
