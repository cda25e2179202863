import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { check } from './fields.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

/** Who works here, and as what. */
export const peopleRoutes: Route[] = [
  { method: 'GET', path: '/admin/people', allow: 'account.read', answer: (visit) => peoplePage(visit) },
  { method: 'POST', path: '/admin/people', allow: 'account.write', answer: invite },
  { method: 'GET', path: '/admin/people/:account', allow: 'account.read', answer: (visit) => personPage(visit) },
  { method: 'POST', path: '/admin/people/:account/roles', allow: 'account.write', answer: setRoles },
  { method: 'POST', path: '/admin/people/:account/end', allow: 'account.write', answer: end },
  { method: 'POST', path: '/admin/people/:account/reset', allow: 'account.write', answer: (visit) => reset(visit) },
  { method: 'POST', path: '/admin/people/:account/reset-factor', allow: 'account.write', answer: resetFactor },
]

type Told = { problem?: Problem; link?: string }
type Granted = accounts.Granted
type List = subscribers.List

/** Rows for roles that somebody may be given at once, besides those that he has. */
const SPARE = 2

async function peoplePage(visit: Visit, told: Told = {}): Answer {
  const { app, language, form } = visit
  const people = await accounts.all(app.read)
  const lists = await subscribers.allLists(app.read)
  const body = html`${said(visit, told)}
<table class="rows"><thead><tr><th scope="col">${say(language, 'desk.name')}</th><th scope="col">${say(language, 'desk.address')}</th><th scope="col">${say(language, 'desk.roles')}</th></tr></thead><tbody>
${people.map((one) => personRow(language, one, lists))}
</tbody></table>
<section><h2>${say(language, 'desk.invite')}</h2>
<form method="post" action="/admin/people">${hidden(visit)}
<p><label for="name">${say(language, 'desk.name')}</label><input id="name" name="name" type="text" dir="auto" maxlength="100" value="${form.get('name') ?? ''}"></p>
<p><label for="address">${say(language, 'desk.address')}</label><input id="address" name="address" type="email" dir="ltr" required maxlength="254" value="${form.get('address') ?? ''}"></p>
<p><label for="role">${say(language, 'desk.role')}</label><select id="role" name="role">${roleOptions(language, 'editor')}</select></p>
<p><label for="list">${say(language, 'desk.role-for')}</label><select id="list" name="list">${listOptions(language, lists, 0)}</select></p>
<p><button type="submit">${say(language, 'desk.invite')}</button></p></form></section>`
  return shown(visit, say(language, 'desk.people'), body, told)
}

type Person = Awaited<ReturnType<typeof accounts.all>>[number]

function personRow(language: string, person: Person, lists: List[]): Html {
  const roles = person.roles.map((one) => html`<li>${roleIn(language, one, lists)}</li>`)
  return html`<tr><td><a href="/admin/people/${person.public_id}"><bdi>${person.name || person.address}</bdi></a></td>
<td><bdi dir="ltr">${person.address}</bdi></td>
<td>${person.ended_at === null ? html`<ul>${roles}</ul>` : say(language, 'desk.ended')}</td></tr>`
}

/** A role in words: «Sender», or «Sender · Morning» for one list. */
function roleIn(language: string, { role, list }: Granted, lists: List[]): string {
  const name = say(language, `desk.role-${role}`)
  if (list === 0) return name
  return say(language, 'desk.role-in', { role: name, list: lists.find(({ id }) => id === list)?.title ?? '—' })
}

async function personPage(visit: Visit, told: Told = {}): Answer {
  const { app, language, params, account } = visit
  const person = await accounts.byPublicId(app.read, params['account']!)
  const roles = await accounts.rolesOf(app.read, person.id)
  const lists = await subscribers.allLists(app.read)
  const path = `/admin/people/${person.public_id}`
  const button = (action: string, words: string) =>
    html`<form method="post" action="${path}/${action}">${hidden(visit)}<p><button class="plain" type="submit">${words}</button></p></form>`
  const body = html`${said(visit, told)}
<p><bdi dir="ltr">${person.address}</bdi></p>
${
  person.ended_at !== null
    ? html`<p>${say(language, 'desk.ended')}</p>`
    : html`<section><h2>${say(language, 'desk.roles')}</h2>
<form method="post" action="${path}/roles">${hidden(visit)}
${[...roles, ...Array.from({ length: SPARE }, () => undefined)].map((one, at) => roleRow(language, lists, one, at))}
<p class="small">${say(language, 'desk.roles-hint')}</p>
<p><button type="submit">${say(language, 'desk.change')}</button></p></form></section>
${person.id !== account.id && html`${button('reset', say(language, 'desk.reset'))}${person.totp_at !== null && factorForm(visit, `${path}/reset-factor`, told.problem?.code === 'confirm-needed')}${button('end', say(language, 'desk.end-account'))}`}`
}
<p><a href="/admin/people">${say(language, 'desk.all-people')}</a></p>`
  return shown(visit, person.name || person.address, body, told)
}

/** For who has lost telephone and recovery codes; whoever asks for somebody else should have made sure of that. */
function factorForm(visit: Visit, action: string, open: boolean): Html {
  const { language } = visit
  return html`<details${open && html` open`}><summary>${say(language, 'desk.reset-factor')}</summary><form method="post" action="${action}">${hidden(visit)}
<p>${say(language, 'desk.reset-factor-text')}</p>
${check(language, { name: 'sure', label: 'desk.reset-factor-sure', checked: false })}
<p><button class="second" type="submit">${say(language, 'desk.reset-factor')}</button></p></form></details>`
}

/** One role and what it holds for; the fields of all rows have the same two names, in pairs. */
function roleRow(language: string, lists: List[], one: Granted | undefined, at: number): Html {
  const n = String(at + 1)
  return html`<p class="inline"><select name="role" aria-label="${say(language, 'desk.role')} ${n}"><option value="">${say(language, 'desk.no-role')}</option>${roleOptions(language, one?.role)}</select>
<select name="list" aria-label="${say(language, 'desk.role-for')} ${n}">${listOptions(language, lists, one?.list ?? 0)}</select></p>`
}

function roleOptions(language: string, chosen?: string): Html[] {
  return accounts.ROLES.map((role) => option(role, say(language, `desk.role-${role}`), role === chosen))
}

function listOptions(language: string, lists: List[], chosen: number): Html[] {
  const everywhere = option('', say(language, 'desk.everywhere'), chosen === 0)
  return [everywhere, ...lists.map(({ id, slug, title }) => option(slug, title, id === chosen))]
}

function option(value: string, words: string, chosen: boolean): Html {
  return html`<option value="${value}"${chosen && html` selected`}>${words}</option>` as Html
}

async function invite(visit: Visit): Answer {
  const { app, form } = visit
  return again(peoplePage, visit, async () => {
    const roles = await rolesIn(visit)
    const draft = { address: form.get('address') ?? '', name: form.get('name') ?? '', roles }
    const { token } = await accounts.invite(app, actorOf(visit), draft)
    form.delete('name')
    form.delete('address')
    return peoplePage(visit, { link: linkOf(visit, token) })
  })
}

async function setRoles(visit: Visit): Answer {
  const { app, c, params } = visit
  return again(personPage, visit, async () => {
    const person = await accounts.byPublicId(app.db, params['account']!)
    await accounts.setRoles(app, actorOf(visit), person, await rolesIn(visit))
    return c.redirect('/admin/people', 303)
  })
}

/** The roles that a form names, each with the list on the same row; a row without a role is none. */
async function rolesIn({ app, form }: Visit): Promise<Granted[]> {
  const slugs = form.getAll('list')
  const roles: Granted[] = []
  for (const [at, typed] of form.getAll('role').entries()) {
    if (typed === '') continue
    const slug = slugs[at] ?? ''
    const list = slug === '' ? 0 : (await subscribers.findList(app.read, slug)).id
    roles.push({ role: accounts.checkedRole(typed), list })
  }
  return roles
}

async function end(visit: Visit): Answer {
  const { app, c, params } = visit
  return again(personPage, visit, async () => {
    await accounts.endAccount(app, actorOf(visit), await accounts.byPublicId(app.db, params['account']!))
    return c.redirect('/admin/people', 303)
  })
}

/** Not one's own: whoever finds the browser signed in would need no old password. */
async function reset(visit: Visit, how: { withoutFactor?: true } = {}): Answer {
  const { app, account, params } = visit
  return again(personPage, visit, async () => {
    const person = await accounts.byPublicId(app.db, params['account']!)
    if (person.id === account.id) throw new Problem('not-allowed')
    return personPage(visit, { link: linkOf(visit, await accounts.reset(app, actorOf(visit), person, how)) })
  })
}

async function resetFactor(visit: Visit): Answer {
  if (visit.form.has('sure')) return reset(visit, { withoutFactor: true })
  return personPage(visit, { problem: new Problem('confirm-needed') })
}

async function again(page: (visit: Visit, told: Told) => Answer, visit: Visit, work: () => Answer): Answer {
  try {
    return await work()
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 404) return page(visit, { problem })
    throw problem
  }
}

function said({ language }: Visit, { problem, link }: Told): Html {
  return html`${mistake(language, problem)}
${link && html`<div class="told" role="status"><p>${say(language, 'desk.link-once')}</p><p><code dir="ltr">${link}</code></p></div>`}` as Html
}

async function shown(visit: Visit, title: string, body: Html | Promise<Html>, { problem }: Told): Answer {
  const page = await deskPage(visit, title, await body)
  return problem ? visit.c.html(page, problem.status) : page
}

function linkOf({ app }: Visit, token: string): string {
  return `${app.config.url}/admin/in/${token}`
}
