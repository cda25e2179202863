import { getCookie } from 'hono/cookie'
import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { spokenOr } from '../sign-up.ts'
import * as cookie from './cookie.ts'
import { doorPage } from './frame.ts'
import { mistake } from './refusal.ts'
import type { Answer, Asking, OpenRoute } from './routes.ts'

/** What a link is refused for, whatever was typed. */
const OVER = new Set<string>(['link-invalid', 'invitation-over'])

/** Signing in, and being let in by a link. */
export const entryRoutes: OpenRoute[] = [
  { method: 'GET', path: '/admin/sign-in', allow: 'anybody', answer: (asking) => signInPage(asking) },
  { method: 'POST', path: '/admin/sign-in', allow: 'anybody', answer: signIn },
  { method: 'POST', path: '/admin/sign-in/code', allow: 'anybody', answer: signInByCode },
  { method: 'GET', path: '/admin/in/:token', allow: 'anybody', answer: (asking) => letInPage(asking) },
  { method: 'POST', path: '/admin/in/:token', allow: 'anybody', answer: letIn },
]

async function signInPage(asking: Asking, problem?: Problem): Answer {
  const { app, c, language, form } = asking
  if (!problem && (await accounts.visitor(app, getCookie(c, cookie.cookieName(app)) ?? '')))
    return c.redirect(nextOf(asking), 303)
  const page = await doorPage(
    asking,
    say(language, 'desk.sign-in'),
    html`${mistake(language, problem)}
<form method="post" action="/admin/sign-in?lang=${language}">
${next(asking)}
${addressField(language, form.get('address') ?? '')}
${passwordField(language, 'desk.password', 'current-password')}
<p><button type="submit">${say(language, 'desk.sign-in')}</button></p>
</form>
<p class="small">${say(language, 'desk.sign-in-lost')}</p>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function signIn(asking: Asking): Answer {
  const { app, form } = asking
  return mending(
    async () =>
      further(asking, await accounts.enter(app, form.get('address') ?? '', form.get('password') ?? '', whence(asking))),
    (problem) => signInPage(asking, problem),
  )
}

async function codePage(
  asking: Asking,
  { ticket, until }: { ticket: string; until: number },
  problem?: Problem,
): Answer {
  const { c, language } = asking
  const page = await doorPage(
    asking,
    say(language, 'desk.code'),
    html`${mistake(language, problem)}
<form method="post" action="/admin/sign-in/code?lang=${language}">
${next(asking)}
<input type="hidden" name="ticket" value="${ticket}"><input type="hidden" name="until" value="${until}">
<p><label for="code">${say(language, 'desk.code-label')}</label>
<input id="code" name="code" type="text" dir="ltr" inputmode="numeric" required autofocus autocomplete="one-time-code" maxlength="40"></p>
<p><button type="submit">${say(language, 'desk.sign-in')}</button></p>
</form>
<p class="small">${say(language, 'desk.code-lost')}</p>`,
  )
  return problem ? c.html(page, problem.status) : page
}

async function signInByCode(asking: Asking): Answer {
  const { app, form } = asking
  const held = { ticket: form.get('ticket') ?? '', until: Number(form.get('until')) }
  return mending(
    async () =>
      inside(asking, await accounts.enterCode(app, { ...held, code: form.get('code') ?? '' }, whence(asking))),
    (problem) => (problem.code === 'code-wrong' ? codePage(asking, held, problem) : signInPage(asking, problem)),
  )
}

async function letInPage(asking: Asking, problem?: Problem): Answer {
  const { app, c, params, form, query } = asking
  const { kind } = await accounts.readInvitation(app, params['token']!)
  if (kind === 'setup' && !query.has('lang'))
    asking.language = preferred(c.req.header('accept-language')) ?? asking.language
  const { language } = asking
  const page = await doorPage(
    asking,
    say(language, kind === 'setup' ? 'desk.welcome' : 'desk.choose-password'),
    html`${kind === 'setup' && html`<p>${say(language, 'desk.welcome-text')}</p>`}
${mistake(language, problem)}
<form method="post" action="/admin/in/${params['token']!}?lang=${language}">
${
  kind === 'setup' &&
  html`<input type="hidden" name="next" value="/admin/start"><p><label for="name">${say(language, 'desk.your-name')}</label>
<input id="name" name="name" type="text" dir="auto" autocomplete="name" maxlength="100" value="${form.get('name') ?? ''}"></p>
${addressField(language, form.get('address') ?? '')}`
}
${passwordField(language, 'desk.new-password', 'new-password')}
<p class="small">${say(language, 'desk.password-rule')}</p>
<p><button type="submit">${say(language, 'desk.go-on')}</button></p>
</form>`,
  )
  return problem ? c.html(page, problem.status) : page
}

/** The first of a browser's languages that the desk speaks: nobody has said yet which one the paper is in. */
function preferred(header = ''): string | undefined {
  return header
    .split(',')
    .map((one) => spokenOr(one.split(';')[0]!.trim()))
    .find((one) => one !== undefined)
}

async function letIn(asking: Asking): Answer {
  const { app, form, params, language } = asking
  const word = (name: string) => form.get(name) ?? ''
  const chosen = { password: word('password'), name: word('name'), address: word('address'), language }
  return mending(
    async () => further(asking, await accounts.accept(app, params['token']!, chosen, whence(asking))),
    (problem) => (OVER.has(problem.code) ? Promise.reject(problem) : letInPage(asking, problem)),
  )
}

/** A mistake comes back with the form; anything else that is refused is a page of its own. */
async function mending(work: () => Answer, again: (problem: Problem) => Answer): Answer {
  try {
    return await work()
  } catch (error) {
    if (error instanceof Problem) return again(error)
    throw error
  }
}

/** From where a browser signs in, and whether it did before. */
function whence({ app, c, from }: Asking): accounts.From {
  return { ...from, device: cookie.device(app, c) }
}

function further(asking: Asking, entered: accounts.Entered): Answer {
  return entered.kind === 'in' ? inside(asking, entered) : codePage(asking, entered)
}

/** Gives the browser its new session; the one that it had, whosever that was, ends. */
async function inside(asking: Asking, { token, device }: accounts.Inside): Answer {
  const { app, c } = asking
  const before = getCookie(c, cookie.cookieName(app))
  if (before) await accounts.leave(app.db, before)
  cookie.give(app, c, token)
  cookie.giveDevice(app, c, device)
  return c.redirect(nextOf(asking), 303)
}

/** Where to go on: a page of the desk, whatever was asked for. */
function nextOf({ query, form }: Asking): string {
  const wanted = form.get('next') ?? query.get('next') ?? ''
  return /^\/admin(\/[a-z0-9/_-]*)?(\?[A-Za-z0-9=&%._~+-]*)?$/.test(wanted) ? wanted : '/admin'
}

function next(asking: Asking): Html {
  return html`<input type="hidden" name="next" value="${nextOf(asking)}">`
}

function addressField(language: string, value: string): Html {
  return html`<p><label for="address">${say(language, 'desk.address')}</label>
<input id="address" name="address" type="email" dir="ltr" required maxlength="254" autocomplete="username" spellcheck="false" value="${value}"></p>`
}

function passwordField(language: string, label: 'desk.password' | 'desk.new-password', autocomplete: string): Html {
  return html`<p><label for="password">${say(language, label)}</label>
<input id="password" name="password" type="password" dir="ltr" required maxlength="200" autocomplete="${autocomplete}"></p>`
}
