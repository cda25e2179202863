import { html } from 'hono/html'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import { check, field } from './fields.ts'
import { hidden } from './frame.ts'
import { listOfForm } from './lists-seen.ts'
import { calledIn, mending, pathOf, readerHere } from './readers-one.ts'
import { READERS, readersPage } from './readers-page.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const PATH = `${READERS}/:reader`

/** What may be done for a reader, or about one. What concerns all lists takes a role for all of them. */
export const deedRoutes: Route[] = [
  { method: 'POST', path: `${PATH}/leave`, allow: 'reader.write', list: listOfForm, answer: leave },
  { method: 'GET', path: `${PATH}/suppress`, allow: 'reader.write', answer: (visit) => suppressPage(visit) },
  { method: 'POST', path: `${PATH}/suppress`, allow: 'reader.write', answer: suppress },
  { method: 'POST', path: `${PATH}/lift`, allow: 'reader.write', answer: lift },
  { method: 'GET', path: `${PATH}/data.json`, allow: 'reader.read', answer: data },
  { method: 'GET', path: `${PATH}/erase`, allow: 'reader.write', answer: (visit) => erasePage(visit) },
  { method: 'POST', path: `${PATH}/erase`, allow: 'reader.write', answer: erase },
]

/** The route has asked whether the visitor may do this for the list; the reader must be on it. */
async function leave(visit: Visit): Answer {
  const { app, c, form } = visit
  const reader = await readerHere(visit)
  const list = form.get('list') ?? ''
  const subscription = reader.subscriptions.find((one) => one.list === list)
  if (!subscription) throw new Problem('reader-not-found')
  return mending(visit, async () => {
    await subscribers.leaveBy(app, actorOf(visit), subscription.id, form.get(`reason-${list}`) ?? '')
    return c.redirect(tellAt(pathOf(reader), 'saved'), 303)
  })
}

async function suppressPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, form } = visit
  const reader = await readerHere(visit)
  const page = await readersPage(
    visit,
    READERS,
    say(language, 'desk.readers-suppress'),
    html`${mistake(language, problem)}<p><bdi dir="ltr">${calledIn(language, reader)}</bdi></p><p>${say(language, 'desk.readers-suppress-text')}</p>
<form method="post" action="${pathOf(reader)}/suppress">${hidden(visit)}
${field(language, { name: 'reason', label: 'desk.suppressions-reason', hint: 'desk.suppressions-reason-hint', value: form.get('reason'), required: true, max: 300 })}
<p><button type="submit">${say(language, 'desk.readers-suppress')}</button></p></form>
<p><a class="go" href="${pathOf(reader)}">${say(language, 'desk.readers-back')}</a></p>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function suppress(visit: Visit): Answer {
  const { app, c, form } = visit
  const reader = await readerHere(visit)
  if (reader.address === null) throw new Problem('reader-not-found')
  const reason = form.get('reason')?.trim() ?? ''
  if (!reason) return suppressPage(visit, new Problem('reason-needed'))
  await subscribers.suppress(app, actorOf(visit), reader.address, reason)
  return c.redirect(tellAt(pathOf(reader), 'saved'), 303)
}

async function lift(visit: Visit): Answer {
  const { app, c } = visit
  const reader = await readerHere(visit)
  const { address } = reader
  if (address === null) throw new Problem('reader-not-found')
  return mending(visit, async () => {
    await subscribers.lift(app, actorOf(visit), { address })
    return c.redirect(tellAt(pathOf(reader), 'saved'), 303)
  })
}

/** All that we hold of this person, for this person. */
async function data(visit: Visit): Answer {
  const { app } = visit
  const reader = await readerHere(visit)
  const held = await subscribers.dataOf(app.read, reader.address_hash)
  return new Response(`${JSON.stringify(held, null, 2)}\n`, {
    headers: {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Disposition': `attachment; filename="reader-${reader.public_id}.json"`,
    },
  })
}

async function erasePage(visit: Visit, problem?: Problem): Answer {
  const { c, language } = visit
  const reader = await readerHere(visit)
  const page = await readersPage(
    visit,
    READERS,
    say(language, 'desk.readers-erase'),
    html`${mistake(language, problem)}<p><bdi dir="ltr">${calledIn(language, reader)}</bdi></p><p>${say(language, 'desk.readers-erase-text')}</p>
<form method="post" action="${pathOf(reader)}/erase">${hidden(visit)}
${check(language, { name: 'sure', label: 'desk.readers-erase-sure', checked: false })}
<p><button type="submit">${say(language, 'desk.readers-erase')}</button></p></form>
<p><a class="go" href="${pathOf(reader)}">${say(language, 'desk.readers-back')}</a></p>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function erase(visit: Visit): Answer {
  const { app, c, form } = visit
  const reader = await readerHere(visit)
  if (reader.address === null) throw new Problem('reader-not-found')
  if (!form.has('sure')) return erasePage(visit, new Problem('confirm-needed'))
  await subscribers.erase(app, actorOf(visit), reader.address)
  return c.redirect(tellAt(READERS, 'done'), 303)
}
