import { html } from 'hono/html'
import * as accounts from '../../accounts/index.ts'
import { isLanguage, languageName, type MessageKey, say } from '../../locale.ts'
import { Problem } from '../../problem.ts'
import * as subscribers from '../../subscribers/index.ts'
import type { Html } from '../pages.ts'
import { area, choice } from './fields.ts'
import { hidden } from './frame.ts'
import { tongues } from './lists-one.ts'
import { listHere, listPage, pathOf } from './lists-page.ts'
import { listOfPath } from './lists-seen.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt } from './told.ts'

const PATH = '/admin/lists/:list/letters'
const LONGEST = 256 * 1024 // bytes of a form: twenty thousand Arabic letters, encoded
const KINDS = ['welcome', 'goodbye'] as const

/** What a list writes to who comes and who goes. */
export const letterRoutes: Route[] = [
  { method: 'GET', path: PATH, allow: 'list.read', list: listOfPath, answer: (visit) => lettersPage(visit) },
  { method: 'POST', path: PATH, allow: 'list.write', list: listOfPath, takes: { form: LONGEST }, answer: set },
  { method: 'POST', path: `${PATH}/remove`, allow: 'list.write', list: listOfPath, answer: remove },
]

async function lettersPage(visit: Visit, problem?: Problem): Answer {
  const { app, c, language, roles } = visit
  const list = await listHere(visit)
  const letters = await subscribers.lettersOf(app.read, list.id)
  const mayWrite = accounts.may(roles, 'list.write', list.id)
  const page = await listPage(
    visit,
    list,
    `${pathOf(list)}/letters`,
    html`${mistake(language, problem)}<p>${say(language, 'desk.lists-letters-text')}</p>
${letters.length > 0 && html`<ul class="plain">${letters.map((letter) => letterRow(visit, list, letter, mayWrite))}</ul>`}
${mayWrite && wordsForm(visit, list, letters)}`,
  )
  return problem ? c.html(page, problem.status) : page
}

function letterRow(
  visit: Visit,
  list: subscribers.List,
  { kind, language: tongue, subject }: subscribers.OwnWords,
  mayWrite: boolean,
): Html {
  const { language } = visit
  const path = `${pathOf(list)}/letters`
  const name = `${kindIn(language, kind)} · ${languageName(tongue, language)}`
  return html`<li><a href="${path}?kind=${kind}&amp;language=${tongue}#words">${name}</a>
<span>${subject ? html`<bdi>${subject}</bdi>` : say(language, 'desk.lists-letter-ours')}</span>
${mayWrite && html`<form method="post" action="${path}/remove">${hidden(visit)}<input type="hidden" name="kind" value="${kind}"><input type="hidden" name="language" value="${tongue}"><button class="plain" type="submit" aria-label="${say(language, 'desk.lists-letter-remove-one', { name })}">${say(language, 'desk.lists-letter-remove')}</button></form>`}</li>`
}

function kindIn(language: string, kind: string): string {
  return say(language, `desk.lists-letter-${kind}` as MessageKey)
}

/** The words of the letter that was chosen, to be changed, or an empty form. */
function wordsForm(visit: Visit, list: subscribers.List, letters: subscribers.OwnWords[]): Html {
  const { language, form, query } = visit
  const given = (name: string) => form.get(name) ?? query.get(name)
  const kind = given('kind') ?? 'welcome'
  const asked = given('language') ?? ''
  const tongue = isLanguage(asked) ? asked : list.language
  const stored = letters.find((one) => one.kind === kind && one.language === tongue)
  const words = form.get('words') ?? (stored?.subject ? `${stored.subject}\n\n${stored.body}` : '')
  return html`<h2 id="words">${say(language, 'desk.lists-letter-write')}</h2>
<form method="post" action="${pathOf(list)}/letters">${hidden(visit)}
${choice(language, { name: 'kind', label: 'desk.lists-letter-kind', value: kind, options: KINDS.map((one) => [one, kindIn(language, one)] as const) })}
${choice(language, { name: 'language', label: 'desk.lists-language', value: tongue, options: tongues(language, tongue) })}
${area(language, { name: 'words', label: 'desk.lists-letter-words', hint: 'desk.lists-letter-words-hint', value: words, rows: 12, max: 20_200 })}
<p><button type="submit">${say(language, 'desk.lists-save')}</button></p></form>`
}

/** In the words that were typed, or in ours where there are none. */
async function set(visit: Visit): Answer {
  const { app, form, params } = visit
  return saving(visit, async () => {
    const text = form.get('words')?.trim() ?? ''
    const letter = { kind: form.get('kind') ?? '', language: form.get('language') ?? '', ...(text && { text }) }
    await subscribers.setLetter(app, actorOf(visit), params['list']!, letter)
  })
}

async function remove(visit: Visit): Answer {
  const { app, form, params } = visit
  return saving(visit, async () => {
    const letter = { kind: form.get('kind') ?? '', language: form.get('language') ?? '' }
    await subscribers.removeLetter(app, actorOf(visit), params['list']!, letter)
  })
}

async function saving(visit: Visit, work: () => Promise<void>): Answer {
  try {
    await work()
    return visit.c.redirect(tellAt(`/admin/lists/${visit.params['list']}/letters`, 'saved'), 303)
  } catch (error) {
    if (error instanceof Problem && error.status === 422) return lettersPage(visit, error)
    throw error
  }
}
