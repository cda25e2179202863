import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { languageName, languageTag, say, spoken } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { csvFile } from './download.ts'
import { area, check, choice, field } from './fields.ts'
import { hidden } from './frame.ts'
import { listHere, listPage, pathOf } from './lists-page.ts'
import { listOfPath } from './lists-seen.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const PATH = '/admin/lists/:list'

/** One list: what it is called, who writes, who may join. */
export const listRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'list.read', list: listOfPath, answer: (visit) => onePage(visit) },
  { method: 'POST', path: PATH, allow: 'list.write', list: listOfPath, answer: change },
  { method: 'GET', path: `${PATH}/readers.csv`, allow: 'reader.read', list: listOfPath, answer: download },
]

async function onePage(visit: Visit, problem?: Problem): Answer {
  const { c, language, roles } = visit
  const list = await listHere(visit)
  const body = accounts.may(roles, 'list.write', list.id) ? changeForm(visit, list) : record(visit, list)
  const page = await listPage(
    visit,
    list,
    pathOf(list),
    html`${mistake(language, problem)}${body}${accounts.may(roles, 'reader.read', list.id) && html`<p><a class="go" href="${pathOf(list)}/readers.csv">${say(language, 'desk.lists-file')}</a></p>`}`,
  )
  return problem ? c.html(page, problem.status) : page
}

function changeForm({ language, form, ...visit }: Visit, list: subscribers.List): Html {
  const sent = form.has('title')
  const typed = (name: string, stored: string | null) => form.get(name) ?? stored ?? ''
  return html`<form method="post" action="${pathOf(list)}">${hidden({ language, form, ...visit })}
${field(language, { name: 'title', label: 'desk.lists-title', hint: 'desk.lists-title-hint', value: typed('title', list.title), max: 200, required: true })}
${choice(language, { name: 'language', label: 'desk.lists-language', value: typed('language', list.language), options: tongues(language, list.language) })}
${field(language, { name: 'sender', label: 'desk.lists-sender', hint: 'desk.lists-sender-hint', value: typed('sender', list.sender), max: 300 })}
${field(language, { name: 'reply_to', label: 'desk.lists-reply', hint: 'desk.lists-sender-hint', value: typed('reply_to', list.reply_to), max: 300 })}
${check(language, { name: 'public', label: 'desk.lists-public-check', hint: 'desk.lists-public-hint', checked: sent ? form.has('public') : list.visibility === 'public' })}
${check(language, { name: 'single', label: 'desk.lists-single', hint: 'desk.lists-single-hint', checked: sent ? form.has('single') : list.single_opt_in !== null })}
${area(language, { name: 'reason', label: 'desk.lists-single-reason', value: typed('reason', list.single_opt_in), rows: 2, max: 500 })}
<p><button type="submit">${say(language, 'desk.lists-save')}</button></p></form>`
}

/** The list for who may only look. */
function record({ language }: Visit, list: subscribers.List): Html {
  const rows = [
    ['desk.lists-language', languageName(list.language, language)],
    ['desk.lists-sender', list.sender],
    ['desk.lists-reply', list.reply_to],
    ['desk.lists-visibility', say(language, list.visibility === 'public' ? 'desk.lists-public' : 'desk.lists-private')],
    ['desk.lists-single-reason', list.single_opt_in],
  ] as const
  return html`<dl class="record">${rows
    .filter(([, value]) => value !== null)
    .map(([name, value]) => html`<dt>${say(language, name)}</dt><dd><bdi>${value}</bdi></dd>`)}</dl>`
}

/** The languages we speak, and the list's own. */
export function tongues(language: string, own: string): [string, string][] {
  return [...new Set([...spoken, own])].map((tag) => [tag, languageName(tag, language)])
}

/** All readers of the list, as our import reads them back. */
async function download(visit: Visit): Answer {
  const { slug } = await listHere(visit)
  return csvFile(visit, slug, (out) => subscribers.exportCsv(visit.app, slug, out))
}

async function change(visit: Visit): Answer {
  const { app, c, params } = visit
  try {
    const list = await subscribers.setList(app, actorOf(visit), params['list']!, await changed(visit))
    return c.redirect(tellAt(pathOf(list), 'saved'), 303)
  } catch (error) {
    if (error instanceof Problem && error.status === 422) return onePage(visit, error)
    throw error
  }
}

/** Only what differs from what is stored: the trail then says what somebody changed, and no more. */
async function changed(visit: Visit): Promise<subscribers.ListChange> {
  const { form } = visit
  const list = await listHere(visit)
  const typed = (name: string) => form.get(name)?.trim()
  const [title, sender, replyTo] = [typed('title'), typed('sender'), typed('reply_to')]
  const language = typed('language')
  const single = form.has('single') ? (typed('reason') ?? '') : null
  return {
    ...(title !== undefined && title !== list.title && { title }),
    ...(language !== undefined && languageTag(language) !== list.language && { language }),
    ...(sender !== undefined && sender !== (list.sender ?? '') && { from: sender }),
    ...(replyTo !== undefined && replyTo !== (list.reply_to ?? '') && { replyTo }),
    ...(form.has('public') !== (list.visibility === 'public') && { public: form.has('public') }),
    ...(single !== list.single_opt_in && { singleOptIn: single }),
  }
}
