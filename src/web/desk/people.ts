import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'

/** Who works here, and as what. */
export const peopleRoutes: Route[] = [
  { method: 'GET', path: '/admin/people', allow: 'account.read', answer: (visit) => peoplePage(visit) },
  { method: 'POST', path: '/admin/people', allow: 'account.write', answer: invite },
  { method: 'POST', path: '/admin/people/:account/roles', allow: 'account.write', answer: setRoles },
  { method: 'POST', path: '/admin/people/:account/end', allow: 'account.write', answer: end },
  { method: 'POST', path: '/admin/people/:account/reset', allow: 'account.write', answer: reset },
]

async function peoplePage(visit: Visit, { problem, link }: { problem?: Problem; link?: string } = {}): Answer {
  const { app, c, language, form } = visit
  const people = await accounts.all(app.read)
  const page = await deskPage(
    visit,
    say(language, 'desk.people'),
    html`${mistake(language, problem)}
${link && html`<div class="told" role="status"><p>${say(language, 'desk.link-once')}</p><p><code dir="ltr">${link}</code></p></div>`}
<table class="rows"><thead><tr><th scope="col">${say(language, 'desk.name')}</th><th scope="col">${say(language, 'desk.address')}</th><th scope="col">${say(language, 'desk.role')}</th><td></td></tr></thead><tbody>
${people.map((one) => personRow(visit, one))}
</tbody></table>
<section><h2>${say(language, 'desk.invite')}</h2>
<form method="post" action="/admin/people">${hidden(visit)}
<p><label for="name">${say(language, 'desk.name')}</label><input id="name" name="name" type="text" dir="auto" maxlength="100" value="${form.get('name') ?? ''}"></p>
<p><label for="address">${say(language, 'desk.address')}</label><input id="address" name="address" type="email" dir="ltr" required maxlength="254" value="${form.get('address') ?? ''}"></p>
<p><label for="role">${say(language, 'desk.role')}</label>${roleChoice(language, 'role', 'editor')}</p>
<p><label for="list">${say(language, 'desk.for-list')}</label><input id="list" name="list" type="text" dir="ltr" maxlength="60" aria-describedby="list-hint"></p>
<p class="small" id="list-hint">${say(language, 'desk.for-list-hint')}</p>
<p><button type="submit">${say(language, 'desk.invite')}</button></p></form></section>`,
  )
  return problem ? c.html(page, problem.status) : page
}

type Person = Awaited<ReturnType<typeof accounts.all>>[number]

function personRow(visit: Visit, person: Person): Html {
  const { language, account } = visit
  const path = `/admin/people/${person.public_id}`
  const [first] = person.roles
  const role = first?.role ?? 'reader'
  const button = (action: string, words: string) =>
    html`<form method="post" action="${path}/${action}">${hidden(visit)}<button class="plain" type="submit">${words}</button></form>`
  return html`<tr><td><bdi>${person.name || '—'}</bdi></td><td><bdi dir="ltr">${person.address}</bdi></td>
<td>${
    person.ended_at !== null
      ? say(language, 'desk.ended')
      : html`<form method="post" action="${path}/roles" class="inline">${hidden(visit)}<input type="hidden" name="list" value="${first?.list ?? 0}">${roleChoice(language, `role-${person.public_id}`, role, person.name || person.address)}<button class="plain" type="submit">${say(language, 'desk.change')}</button></form>`
  }</td>
<td class="acts">${person.ended_at === null && person.id !== account.id && html`${button('reset', say(language, 'desk.reset'))}${button('end', say(language, 'desk.end'))}`}</td></tr>`
}

function roleChoice(language: string, id: string, chosen: string, whose?: string): Html {
  return html`<select id="${id}" name="role"${whose && html` aria-label="${say(language, 'desk.role-of', { name: whose })}"`}>
${accounts.ROLES.map((role) => html`<option value="${role}"${role === chosen && html` selected`}>${say(language, `desk.role-${role}`)}</option>`)}
</select>`
}

async function invite(visit: Visit): Answer {
  const { app, form } = visit
  return again(visit, async () => {
    const role = accounts.checkedRole(form.get('role') ?? '')
    const slug = form.get('list') ?? ''
    const list = slug === '' ? 0 : (await subscribers.findList(app.read, slug)).id
    const draft = { address: form.get('address') ?? '', name: form.get('name') ?? '', roles: [{ role, list }] }
    const { token } = await accounts.invite(app, actorOf(visit), draft)
    form.delete('name')
    form.delete('address')
    return peoplePage(visit, { link: linkOf(visit, token) })
  })
}

async function setRoles(visit: Visit): Answer {
  const { app, c, form, params } = visit
  return again(visit, async () => {
    const person = await accounts.byPublicId(app.db, params['account']!)
    const role = accounts.checkedRole(form.get('role') ?? '')
    const list = Number(form.get('list') ?? 0)
    if (!Number.isSafeInteger(list) || list < 0) throw new Problem('bad-form')
    await accounts.setRoles(app, actorOf(visit), person, [{ role, list }])
    return c.redirect('/admin/people', 303)
  })
}

async function end(visit: Visit): Answer {
  const { app, c, params } = visit
  return again(visit, async () => {
    await accounts.endAccount(app, actorOf(visit), await accounts.byPublicId(app.db, params['account']!))
    return c.redirect('/admin/people', 303)
  })
}

async function reset(visit: Visit): Answer {
  const { app, params } = visit
  const person = await accounts.byPublicId(app.db, params['account']!)
  const token = await accounts.reset(app, actorOf(visit), person)
  return peoplePage(visit, { link: linkOf(visit, token) })
}

async function again(visit: Visit, work: () => Answer): Answer {
  try {
    return await work()
  } catch (problem) {
    if (problem instanceof Problem && problem.status !== 404) return peoplePage(visit, { problem })
    throw problem
  }
}

function linkOf({ app }: Visit, token: string): string {
  return `${app.config.url}/admin/in/${token}`
}
