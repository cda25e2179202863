import { html } from 'hono/html'
import { say, sentence } from '../locale.ts'
import type { Problem } from '../problem.ts'
import type { List } from '../subscribers/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { zoneScript } from './assets.ts'
import { type Html, type Paper, page } from './pages.ts'
import { type Choice, NAMES, wishFields } from './wish-fields.ts'

/**
 * The sign-up form as it stands: what may be joined, what was typed, what went wrong. `again`: it comes from another site's
 * form, and nothing has been done yet.
 */
export type Form = {
  lists: List[]
  stamp: string
  sections: Choice[]
  list?: string | undefined
  email?: string
  wishes?: Partial<subscribers.Wishes>
  problem?: Problem
  again?: boolean
}

/** The sign-up form; without any list that may be joined, the sentence that says so. */
export function subscribePage(paper: Paper, language: string, form: Form): Html {
  const title = say(language, form.again ? 'reader.again' : 'reader.subscribe')
  if (form.lists.length === 0)
    return frame(paper, language, '/subscribe', title, html`<p>${say(language, 'reader.none')}</p>`)
  const { sections, wishes = {}, problem } = form
  const fields = { language, zone: paper.site.zone, sections, wishes: { language, ...wishes } }
  return frame(
    paper,
    language,
    '/subscribe',
    title,
    html`${!atOnce(form.lists) && html`<p class="standfirst">${say(language, form.again ? 'reader.again-text' : 'reader.subscribe-text')}</p>`}
${problem && html`<p class="mistake" role="alert" id="mistake">${sentence(language, problem)}</p>`}
<form method="post" action="/subscribe">
${whichList(language, form)}
${addressField(language, form)}
<details><summary>${say(language, 'reader.more')}</summary>
${wishFields(fields)}
</details>
<p class="small">${subscribers.agreement(language, paper.site)}</p>
<p><button type="submit">${say(language, 'reader.press')}</button></p>
</form>
${languages(language, form.lists.length === 1 ? form.lists[0]!.slug : undefined)}
<script src="${zoneScript}" defer></script>`,
  )
}

/** Whether nobody is asked to confirm. */
function atOnce(lists: List[]): boolean {
  return lists.every((list) => list.single_opt_in !== null)
}

/** Which list it is about: its title, or a choice. */
export function whichList(language: string, form: Form): Html {
  const [first] = form.lists
  if (form.lists.length === 1)
    return html`<p class="which"><bdi>${first!.title}</bdi></p>${hidden('list', first!.slug)}`
  const typed = form.list ?? (form.lists.find((list) => list.language.split('-')[0] === language) ?? first!).slug
  return choice(language, form.lists, typed)
}

/** The one field that has to be filled in, and those that nobody sees. */
export function addressField(language: string, { email = '', problem, stamp }: Form): Html {
  const wrong = problem?.code === 'bad-address' // the others are no fault of the address
  return html`<p><label for="email">${say(language, 'reader.address')}</label>
<input id="email" name="email" type="email" dir="ltr" required maxlength="254" autocomplete="email" spellcheck="false" value="${email}"${wrong && html` aria-invalid="true" aria-describedby="mistake"`}></p>
<p hidden><label for="subject">${say(language, 'reader.trap')}</label>
<input id="subject" name="subject" type="text" tabindex="-1" autocomplete="off"></p>
${hidden('t', stamp)}${hidden('lang', language)}`
}

/** What everybody sees who has sent the form, whoever they are; `atOnce`: for a list that asks nobody to confirm. */
export function sentPage(paper: Paper, language: string, atOnce = false): Html {
  if (atOnce)
    return frame(
      paper,
      language,
      '/subscribe/sent',
      say(language, 'reader.sent-at-once'),
      html`<p class="standfirst">${say(language, 'reader.sent-at-once-text')}</p>`,
    )
  return frame(
    paper,
    language,
    '/subscribe/sent',
    say(language, 'reader.sent'),
    html`<p class="standfirst">${say(language, 'reader.sent-text')}</p><p class="small">${say(language, 'reader.sent-nothing')}</p>`,
  )
}

/** Behind a confirmation's link: a button, because machines follow links. */
export function confirmPage(paper: Paper, language: string, list: List): Html {
  return frame(
    paper,
    language,
    '/confirm',
    say(language, 'reader.confirm'),
    html`<p class="standfirst">${say(language, 'reader.confirm-text', { list: list.title })}</p>
<form method="post"><p><button type="submit">${say(language, 'reader.confirm-press')}</button></p></form>
<p class="small">${say(language, 'reader.confirm-ignore')}</p>`,
  )
}

/** It is done; `coming` says when the next letter comes, `preferences` is where its reader may choose that. */
export function confirmedPage(
  paper: Paper,
  language: string,
  list: List,
  { preferences = '', coming = '' }: { preferences?: string; coming?: string } = {},
): Html {
  const text = say(language, 'reader.confirmed-text', { list: list.title })
  return frame(
    paper,
    language,
    '/confirm',
    say(language, 'reader.confirmed'),
    html`<p class="standfirst">${text}</p>
${coming && html`<p>${coming}</p>`}
${preferences && html`<p><a href="${preferences}">${say(language, 'reader.preferences')}</a></p>`}${home(language)}`,
  )
}

/** What else than leaving may be meant; `others`: the reader is on other lists, too. */
export type Ways = { weekly: boolean; pause: boolean; others: boolean }

/** Behind a letter's unsubscribe link: a button, because machines follow links. Other buttons say what may be meant instead. */
export function leavePage(paper: Paper, language: string, list: List, ways: Ways): Html {
  const rather = ways.weekly || ways.pause
  return frame(
    paper,
    language,
    '/unsubscribe',
    say(language, 'reader.leave'),
    html`<p class="standfirst">${say(language, 'reader.leave-text', { list: list.title })}</p>
${press('leave', say(language, 'reader.leave-press'))}
${
  rather &&
  html`<section aria-labelledby="fewer"><h2 id="fewer">${say(language, 'reader.fewer')}</h2>
${ways.weekly && press('weekly', say(language, 'reader.fewer-weekly'), 'plain')}
${ways.pause && press('pause', say(language, 'reader.pause-weeks'), 'plain')}</section>`
}
${ways.others && html`<section>${press('all', say(language, 'reader.leave-all', { paper: paper.site.name }), 'plain')}</section>`}`,
  )
}

/** What somebody who has left sees: that it is done, and the way back. */
export function leftPage(
  paper: Paper,
  language: string,
  list: List,
  { undo = false, all = false }: { undo?: boolean; all?: boolean } = {},
): Html {
  const again = `/subscribe?${new URLSearchParams({ list: list.slug, lang: language })}`
  const back =
    list.visibility === 'public' &&
    html`<p class="small">${say(language, 'reader.return')} <a href="${again}">${say(language, 'reader.return-link')}</a></p>`
  const text = say(language, 'reader.left-text', { list: list.title })
  return frame(
    paper,
    language,
    '/unsubscribe',
    say(language, all ? 'reader.left-all' : 'reader.left'),
    html`<p class="standfirst">${text}</p>
${undo && html`<p>${say(language, 'reader.undo')}</p>${press('undo', say(language, 'reader.undo-press'), 'plain')}`}${back}${home(language)}`,
  )
}

/** What somebody sees who takes a leaving back. */
export function undonePage(paper: Paper, language: string, list: List): Html {
  const text = say(language, 'reader.confirmed-text', { list: list.title })
  return frame(
    paper,
    language,
    '/unsubscribe',
    say(language, 'reader.undone'),
    html`<p class="standfirst">${text}</p>${home(language)}`,
  )
}

/** What somebody sees who chose fewer letters instead of none. */
export function fewerPage(paper: Paper, language: string, list: List, said: string): Html {
  return frame(
    paper,
    language,
    '/unsubscribe',
    list.title,
    html`<p class="standfirst" role="status">${said}</p>${home(language)}`,
  )
}

/** What happened and what to do, where a form or a link did not work. */
export function refusalPage(paper: Paper, language: string, problem: Problem): Html {
  const form = problem.code === 'link-invalid' || !paper.signUp ? home(language) : toForm(language)
  return frame(
    paper,
    language,
    '/subscribe',
    say(language, 'page.refused'),
    html`<p class="standfirst">${sentence(language, problem)}</p>${form}`,
  )
}

/** A form that is one button. */
export function press(act: string, label: string, look = ''): Html {
  return html`<form method="post"${look && html` class="${look}"`}><p>${hidden('do', act)}<button type="submit">${label}</button></p></form>`
}

/** A reader's own page in the paper's frame; no search engine is to know it. */
export function frame(paper: Paper, language: string, path: string, title: string, body: Html): Html {
  return page({
    ...paper,
    language,
    path,
    title,
    robots: 'noindex',
    body: html`<div class="text reader"><h1>${title}</h1>${body}</div>`,
  })
}

function choice(language: string, lists: List[], typed: string): Html {
  return html`<fieldset><legend>${say(language, 'reader.which')}</legend>
${lists.map(
  ({ slug, title }) =>
    html`<p><label><input type="radio" name="list" value="${slug}" required${slug === typed && html` checked`}> <bdi>${title}</bdi></label></p>`,
)}</fieldset>`
}

export function hidden(name: string, value: string): Html {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

function languages(language: string, list: string | undefined): Html {
  const others = Object.entries(NAMES).filter(([tag]) => tag !== language)
  const query = (lang: string) => new URLSearchParams({ ...(list && { list }), lang }).toString()
  return html`<p class="small tongues">${others.map(([tag, name]) => html`<a href="/subscribe?${query(tag)}" lang="${tag}" hreflang="${tag}">${name}</a> `)}</p>`
}

function toForm(language: string): Html {
  return html`<p><a href="/subscribe?lang=${language}">${say(language, 'reader.form')}</a></p>`
}

export function home(language: string): Html {
  return html`<p><a href="/">${say(language, 'page.home')}</a></p>`
}
