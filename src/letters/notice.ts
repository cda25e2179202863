import { direction } from '../locale.ts'
import { escaped } from '../text.ts'
import { LIGHT } from './colours.ts'
import { isolated, line, marked, plainLanguage, words } from './direction.ts'
import { accent, framed } from './frame.ts'
import { button, link, masthead, row, STYLE } from './html.ts'
import type { Notice, Rendered } from './letter.ts'
import { slot } from './slots.ts'
import { tidy } from './tidy.ts'

/** What a notice says, in its language: isolates in place, not yet escaped. */
type Said = {
  subject: string
  title: string
  text: string[]
  label: string
  url: string
  after: string
  leave?: string
  preferences?: string
}

const PLACE = /\{\{\s*(name|list|paper)\s*\}\}/g
const SAID = { confirm: confirmation, welcome, goodbye }

/**
 * Renders a letter about a subscription itself.
 *
 * Whoever fills a form can make us write to a stranger: nothing of what was typed is in a confirmation, and of the language
 * only what names it. A list's own words are filled in one pass and are text like any other.
 */
export function renderNotice(notice: Notice): Rendered {
  const whole = { ...tidy(notice), language: plainLanguage(notice.language) }
  const said = { ...SAID[whole.kind](whole), ...ownWords(whole) }
  return {
    subject: line(said.subject, direction(whole.language)),
    html: html(whole, said),
    text: text(whole, said),
  }
}

function confirmation({ language, list, paper, publicUrl }: Notice): Said {
  const values = { list: list.title, paper: paper.name }
  return {
    subject: words(language, 'letter.confirm-subject', values),
    title: words(language, 'letter.confirm-title'),
    text: [words(language, 'letter.confirm-text', values)],
    label: words(language, 'letter.confirm-button'),
    url: `${publicUrl}/confirm/${slot('confirm')}`,
    after: words(language, 'letter.confirm-ignore'),
  }
}

function welcome({ language, list, paper, publicUrl }: Notice): Said {
  const values = { list: list.title, paper: paper.name }
  return {
    subject: words(language, 'letter.welcome-subject', values),
    title: words(language, 'letter.welcome-title'),
    text: [words(language, 'letter.welcome-text', values)],
    label: words(language, 'letter.visit', { paper: paper.name }),
    url: paper.url,
    after: words(language, 'letter.welcome-after'),
    leave: `${publicUrl}/unsubscribe/${slot('unsubscribe')}`,
    preferences: `${publicUrl}/preferences/${slot('preferences')}`,
  }
}

function goodbye({ language, list, paper, publicUrl }: Notice): Said {
  const values = { list: list.title, paper: paper.name }
  return {
    subject: words(language, 'letter.goodbye-subject', values),
    title: words(language, 'letter.goodbye-title'),
    text: [words(language, 'letter.goodbye-text', values)],
    label: words(language, 'letter.return-button'),
    url: `${publicUrl}/unsubscribe/${slot('unsubscribe')}`,
    after: words(language, 'letter.return-text'),
  }
}

/** A list's own subject and paragraphs, their places filled: what is put in is not looked at again. */
function ownWords(notice: Notice): Partial<Said> {
  const { own, language, list, paper, name } = notice
  if (!own) return {}
  const dir = direction(language)
  const values: Record<string, string> = {
    name: name ? isolated(name, dir) : words(language, 'letter.reader'),
    list: isolated(list.title, dir),
    paper: isolated(paper.name, dir),
  }
  const filled = (text: string) => text.replace(PLACE, (_, place: string) => values[place]!)
  const subject = filled(own.subject)
  return { subject, title: subject, text: own.paragraphs.map(filled) }
}

function html(notice: Notice, said: Said): string {
  const { language, paper } = notice
  const dir = direction(language)
  const rows = [
    masthead(paper, dir),
    row(dir, `<h2 class="lead" style="${STYLE.lead}">${marked(said.title)}</h2>`, {
      style: `padding:24px 0 0;border-top:3px double ${LIGHT.ink};`,
      class: 'ink strong',
    }),
    row(dir, said.text.map(paragraph).join(''), { style: 'padding:0;' }),
    row(dir, button(said.url, marked(said.label), accent(paper.accent), true), { style: 'padding:24px 0;' }),
    row(dir, paragraph(said.after) + linkInFull(notice, said), { style: 'padding:0 0 28px;' }),
  ]
  return framed(
    { language, accent: paper.accent },
    {
      title: escaped(said.subject),
      preview: marked(said.text[0]!),
      top: '',
      rows: rows.join(''),
      foot: foot(notice, said),
    },
  )
}

function paragraph(said: string): string {
  return `<p class="ink" style="${STYLE.text}">${marked(said)}</p>`
}

/** The link as text, for those whose button does nothing; always read from left to right. */
function linkInFull({ kind, language }: Notice, { url }: Said): string {
  if (kind !== 'confirm') return ''
  const shown = link(url, marked(url), ['grey', LIGHT.grey], 'underline')
  return `<p class="grey" style="${STYLE.meta}margin-top:16px;">${marked(words(language, 'letter.confirm-link'))}</p><p dir="ltr" class="grey" style="${STYLE.meta}direction:ltr;word-break:break-all;">${shown}</p>`
}

function foot({ language, paper }: Notice, { leave, preferences }: Said): string {
  const place = isolated(paper.postal_address, direction(language))
  const grey: [string, string] = ['grey', LIGHT.grey]
  const last = [
    preferences && link(preferences, marked(words(language, 'letter.preferences')), grey, 'underline'),
    leave && link(leave, marked(words(language, 'letter.unsubscribe')), grey, 'underline'),
    marked([paper.name, place].filter(Boolean).join(' · ')),
  ]
  return last
    .filter(Boolean)
    .map((content) => `<p class="grey" style="margin:0 0 8px;">${content}</p>`)
    .join('\n')
}

function text({ language, paper }: Notice, said: Said): string {
  const dir = direction(language)
  const way = (key: 'letter.preferences' | 'letter.unsubscribe', url: string | undefined) =>
    url ? `${line(words(language, key), dir)}\n${url}` : ''
  const blocks = [
    line(paper.name, dir),
    line(said.title, dir),
    ...said.text.map((paragraph) => line(paragraph, dir)),
    `${line(said.label, dir)}\n${said.url}`,
    line(said.after, dir),
    way('letter.preferences', said.preferences),
    way('letter.unsubscribe', said.leave),
    paper.postal_address && line(`${paper.name} · ${isolated(paper.postal_address, dir)}`, dir),
  ]
  return `${blocks.filter(Boolean).join('\n\n')}\n`
}
