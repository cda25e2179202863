import { html } from 'hono/html'
import { say, sentence } from '../locale.ts'
import type { Problem } from '../problem.ts'
import type { List } from '../subscribers/index.ts'
import * as subscribers from '../subscribers/index.ts'
import { type Html, type Paper, page } from './pages.ts'

/** The sign-up form as it stands: what may be joined, what was typed, what went wrong. */
export type Form = { lists: List[]; list?: string; stamp: string; email?: string; problem?: Problem }

const NAMES: Record<string, string> = { ar: 'العربية', tr: 'Türkçe', en: 'English' }

/** The sign-up form; without any list that may be joined, the sentence that says so. */
export function subscribePage(paper: Paper, language: string, form: Form): Html {
  const title = say(language, 'reader.subscribe')
  if (form.lists.length === 0)
    return frame(paper, language, '/subscribe', title, html`<p>${say(language, 'reader.none')}</p>`)
  const typed =
    form.list ?? (form.lists.find((list) => list.language.split('-')[0] === language) ?? form.lists[0]!).slug
  const wrong = form.problem?.code === 'bad-address' // the others are no fault of the address
  return frame(
    paper,
    language,
    '/subscribe',
    title,
    html`<p class="standfirst">${say(language, 'reader.subscribe-text')}</p>
${form.problem && html`<p class="mistake" role="alert" id="mistake">${sentence(language, form.problem)}</p>`}
<form method="post" action="/subscribe">
${form.lists.length === 1 ? html`<p class="which"><bdi>${form.lists[0]!.title}</bdi></p>${hidden('list', form.lists[0]!.slug)}` : choice(language, form.lists, typed)}
<p><label for="email">${say(language, 'reader.address')}</label>
<input id="email" name="email" type="email" dir="ltr" required maxlength="254" autocomplete="email" spellcheck="false" value="${form.email ?? ''}"${wrong && html` aria-invalid="true" aria-describedby="mistake"`}></p>
<p hidden><label for="subject">${say(language, 'reader.trap')}</label>
<input id="subject" name="subject" type="text" tabindex="-1" autocomplete="off"></p>
${hidden('t', form.stamp)}${hidden('lang', language)}
<p class="small">${subscribers.agreement(language, paper.site)}</p>
<p><button type="submit">${say(language, 'reader.press')}</button></p>
</form>
${languages(language, form.lists.length === 1 ? form.lists[0]!.slug : undefined)}`,
  )
}

/** What everybody sees who has sent the form, whoever they are. */
export function sentPage(paper: Paper, language: string): Html {
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

export function confirmedPage(paper: Paper, language: string, list: List): Html {
  const text = say(language, 'reader.confirmed-text', { list: list.title })
  return frame(
    paper,
    language,
    '/confirm',
    say(language, 'reader.confirmed'),
    html`<p class="standfirst">${text}</p>${home(language)}`,
  )
}

/** Behind a letter's unsubscribe link: a button, because machines follow links. */
export function leavePage(paper: Paper, language: string, list: List): Html {
  return frame(
    paper,
    language,
    '/unsubscribe',
    say(language, 'reader.leave'),
    html`<p class="standfirst">${say(language, 'reader.leave-text', { list: list.title })}</p>
<form method="post"><p><button type="submit">${say(language, 'reader.leave-press')}</button></p></form>`,
  )
}

/** What somebody who has left sees: that it is done, and the way back. */
export function leftPage(paper: Paper, language: string, list: List): Html {
  const again = `/subscribe?${new URLSearchParams({ list: list.slug, lang: language })}`
  const back =
    list.visibility === 'public' &&
    html`<p class="small">${say(language, 'reader.return')} <a href="${again}">${say(language, 'reader.return-link')}</a></p>`
  const text = say(language, 'reader.left-text', { list: list.title })
  return frame(
    paper,
    language,
    '/unsubscribe',
    say(language, 'reader.left'),
    html`<p class="standfirst">${text}</p>${back}${home(language)}`,
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

function frame(paper: Paper, language: string, path: string, title: string, body: Html): Html {
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

function hidden(name: string, value: string): Html {
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

function home(language: string): Html {
  return html`<p><a href="/">${say(language, 'page.home')}</a></p>`
}
