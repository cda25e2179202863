import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { languageName, say, spoken } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import * as cookie from './cookie.ts'
import { choice, field } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { momentOf } from './moments.ts'
import { mistake } from './refusal.ts'
import type { Answer, Route, Visit } from './routes.ts'
import { tellAt, toldHere } from './told.ts'

const FEW_CODES = 4

/** One's own account: password, second factor, where one is signed in. */
export const ownRoutes: Route[] = [
  { method: 'POST', path: '/admin/sign-out', allow: 'signed-in', answer: signOut },
  { method: 'GET', path: '/admin/me', allow: 'signed-in', answer: (visit) => ownPage(visit) },
  { method: 'POST', path: '/admin/me', allow: 'signed-in', answer: describe },
  { method: 'POST', path: '/admin/me/password', allow: 'signed-in', answer: changePassword },
  { method: 'POST', path: '/admin/me/sessions/end', allow: 'signed-in', answer: endSession },
  { method: 'POST', path: '/admin/me/factor', allow: 'signed-in', answer: beginFactor },
  { method: 'POST', path: '/admin/me/factor/confirm', allow: 'signed-in', answer: confirmFactor },
  { method: 'POST', path: '/admin/me/factor/remove', allow: 'signed-in', answer: removeFactor },
]

async function signOut({ app, c, account, session }: Visit): Answer {
  await accounts.endSession(app.db, account.id, session.public_id)
  cookie.take(app, c)
  return c.redirect('/admin/sign-in', 303)
}

async function ownPage(visit: Visit, problem?: Problem): Answer {
  const { c, language, account } = visit
  const page = await deskPage(
    visit,
    say(language, 'desk.me'),
    html`${toldHere(visit)}${mistake(language, problem)}
${whoForm(visit)}
<section><h2>${say(language, 'desk.password')}</h2>
<form method="post" action="/admin/me/password">${hidden(visit)}
<p><label for="before">${say(language, 'desk.password-before')}</label>
<input id="before" name="before" type="password" dir="ltr" required autocomplete="current-password"></p>
<p><label for="after">${say(language, 'desk.new-password')}</label>
<input id="after" name="after" type="password" dir="ltr" required autocomplete="new-password"></p>
<p class="small">${say(language, 'desk.password-rule')}</p>
<p><button type="submit">${say(language, 'desk.change')}</button></p></form></section>
<section><h2>${say(language, 'desk.factor')}</h2>
<p>${say(language, account.totp_at === null ? 'desk.factor-none' : 'desk.factor-there')}</p>
${account.totp_at !== null && (await codesLeft(visit))}
<form method="post" action="/admin/me/factor${account.totp_at !== null && '/remove'}">${hidden(visit)}
${account.totp_at === null ? passwordField(language) : codeField(language)}
<p><button type="submit">${say(language, account.totp_at === null ? 'desk.factor-begin' : 'desk.factor-remove')}</button></p></form></section>
${await sessionList(visit)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** How many recovery codes there are for the day on which the telephone is lost. */
async function codesLeft({ app, language, account }: Visit): Promise<Html> {
  const n = await accounts.codesLeft(app.read, account.id)
  return html`<p>${say(language, 'desk.factor-codes', { n })}${n < FEW_CODES && html` ${say(language, 'desk.factor-codes-few')}`}</p>`
}

function whoForm(visit: Visit): Html {
  const { language, account, form } = visit
  const options = spoken.map((tag) => [tag, languageName(tag, tag)] as const)
  return html`<section><form method="post" action="/admin/me">${hidden(visit)}
${field(language, { name: 'name', label: 'desk.name', value: form.get('name') ?? account.name, max: 100, complete: 'name' })}
${choice(language, { name: 'language', label: 'desk.kit-language', value: account.language, options })}
<p><button type="submit">${say(language, 'desk.change')}</button></p></form></section>`
}

async function describe(visit: Visit): Answer {
  const { app, c, account, form } = visit
  return orOwnPage(visit, async () => {
    await accounts.describe(app, account, { name: form.get('name') ?? '', language: form.get('language') ?? '' })
    return c.redirect(tellAt('/admin/me', 'saved'), 303)
  })
}

async function sessionList(visit: Visit): Promise<Html> {
  const { app, language, account, session } = visit
  const sessions = await accounts.sessionsOf(app, account.id)
  return html`<section><h2>${say(language, 'desk.sessions')}</h2>
<table class="rows"><thead><tr><th scope="col">${say(language, 'desk.browser')}</th><th scope="col">${say(language, 'desk.network')}</th><th scope="col">${say(language, 'desk.seen')}</th><td></td></tr></thead><tbody>
${sessions.map(
  (one) => html`<tr><td><bdi>${one.agent.slice(0, 80)}</bdi></td><td><bdi dir="ltr">${one.network}</bdi></td>
<td>${momentOf(visit, one.seen_at)}</td>
<td>${one.public_id === session.public_id ? say(language, 'desk.this-one') : html`<form method="post" action="/admin/me/sessions/end">${hidden(visit)}<input type="hidden" name="session" value="${one.public_id}"><button class="plain" type="submit">${say(language, 'desk.end')}</button></form>`}</td></tr>`,
)}
</tbody></table></section>`
}

async function changePassword(visit: Visit): Answer {
  const { app, c, form, from } = visit
  return orOwnPage(visit, async () => {
    const words = { before: form.get('before') ?? '', after: form.get('after') ?? '' }
    cookie.give(app, c, await accounts.changePassword(app, visit, words, from))
    return c.redirect('/admin/me', 303)
  })
}

async function endSession({ app, c, account, form }: Visit): Answer {
  await accounts.endSession(app.db, account.id, form.get('session') ?? '')
  return c.redirect('/admin/me', 303)
}

async function beginFactor(visit: Visit): Answer {
  const { app, form } = visit
  return orOwnPage(visit, async () => preparedPage(visit, await accounts.prove(app, visit, form.get('password') ?? '')))
}

async function preparedPage(visit: Visit, proof: accounts.Proof, problem?: Problem): Answer {
  const { app, c, language } = visit
  const { secret, address } = await accounts.prepareFactor(app, visit, proof)
  const page = await deskPage(
    visit,
    say(language, 'desk.factor'),
    html`${mistake(language, problem)}
<p>${say(language, 'desk.factor-text')}</p>
<p><code dir="ltr" class="secret">${inFours(secret)}</code></p>
<p><a href="${address}">${say(language, 'desk.factor-open')}</a></p>
<form method="post" action="/admin/me/factor/confirm">${hidden(visit)}
<input type="hidden" name="ticket" value="${proof.ticket}"><input type="hidden" name="until" value="${proof.until}">
${codeField(language)}
<p><button type="submit">${say(language, 'desk.factor-confirm')}</button></p></form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function confirmFactor(visit: Visit): Answer {
  const { app, form } = visit
  const proof = { ticket: form.get('ticket') ?? '', until: Number(form.get('until')) }
  return orOwnPage(visit, async () => {
    try {
      return await recoveryPage(visit, await accounts.confirmFactor(app, visit, proof, form.get('code') ?? ''))
    } catch (error) {
      if (error instanceof Problem && error.code === 'code-wrong') return preparedPage(visit, proof, error)
      throw error
    }
  })
}

function recoveryPage(visit: Visit, codes: string[]): Answer {
  const { language } = visit
  return deskPage(
    visit,
    say(language, 'desk.recovery'),
    html`<p>${say(language, 'desk.recovery-text')}</p>
<ul class="codes" dir="ltr">${codes.map((code) => html`<li><code>${inFours(code)}</code></li>`)}</ul>
<p><a class="go" href="/admin">${say(language, 'desk.sign-in')}</a></p>`,
  )
}

async function removeFactor(visit: Visit): Answer {
  const { app, c, account, form } = visit
  return orOwnPage(visit, async () => {
    await accounts.removeFactor(app, account, form.get('code') ?? '')
    return c.redirect('/admin/sign-in', 303)
  })
}

/** What is refused comes back with the page that it was typed on. */
async function orOwnPage(visit: Visit, work: () => Answer): Answer {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem) return ownPage(visit, error)
    throw error
  }
}

function codeField(language: string): Html {
  return html`<p><label for="code">${say(language, 'desk.code-label')}</label>
<input id="code" name="code" type="text" dir="ltr" inputmode="numeric" required autocomplete="one-time-code" maxlength="40"></p>`
}

function passwordField(language: string): Html {
  return html`<p><label for="password">${say(language, 'desk.password-before')}</label>
<input id="password" name="password" type="password" dir="ltr" required autocomplete="current-password"></p>`
}

function inFours(code: string): string {
  return code.replace(/(.{4})/g, '$1 ').trim()
}
