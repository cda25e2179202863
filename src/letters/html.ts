import { shortDate } from '../locale.ts'
import { escaped, httpUrl } from '../text.ts'
import { LIGHT } from './colours.ts'
import { type Direction, isolated, marked, side } from './direction.ts'
import type { LetterStory, Paper } from './letter.ts'

/** Inline styles: what a letter needs where a reader drops the head's style sheet. */
export const STYLE = {
  kicker: 'margin:0 0 4px;font-size:14px;line-height:1.6;font-weight:700;',
  lead: 'margin:0;font-size:28px;line-height:1.5;font-weight:700;',
  alone: 'margin:0;font-size:32px;line-height:1.5;font-weight:700;', // the lead without a picture
  headline: 'margin:0;font-size:20px;line-height:1.5;font-weight:700;',
  bare: 'margin:0;font-size:16px;line-height:1.6;font-weight:700;',
  standfirst: `margin:6px 0 0;font-size:17px;line-height:1.7;color:${LIGHT.ink};`,
  text: `margin:6px 0 0;font-size:16px;line-height:1.7;color:${LIGHT.ink};`,
  meta: `margin:6px 0 0;font-size:14px;line-height:1.6;color:${LIGHT.grey};`,
  near: `margin:2px 0 0;font-size:14px;line-height:1.6;color:${LIGHT.grey};`,
}

const LOGO = { width: 260, height: 72 }

/** One row of the letter's only table, in its own language and direction. */
export function row(dir: Direction, content: string, look: { style: string; class?: string; lang?: string }): string {
  const lang = look.lang ? ` lang="${look.lang}"` : ''
  const name = look.class ? ` class="${look.class}"` : ''
  const start = side(dir)
  return `<tr><td${name}${lang} dir="${dir}" align="${start}" style="direction:${dir};text-align:${start};${look.style}">${content}</td></tr>\n`
}

/** A link that looks like the text around it. `colour` is the class that dark mode knows and its colour in the light. */
export function link(url: string, content: string, colour: [string, string], decoration = 'none'): string {
  return `<a class="${colour[0]}" href="${address(url)}" style="color:${colour[1]};text-decoration:${decoration};">${content}</a>`
}

/** A link of ours as an attribute's value; one that is not http(s) is a bug. A slot may end it. */
export function address(url: string): string {
  const checked = httpUrl(url.replace(/\u0001\w+\u0002$/, ''))
  if (!checked) throw new Error('a letter links only to http(s)')
  return escaped(url)
}

/** The paper's logo or its name, and its tagline, in the middle. */
export function masthead(paper: Paper, dir: Direction): string {
  const name = marked(isolated(paper.name, dir))
  const logo = paper.logo && fitted(paper.logo, LOGO)
  const image =
    logo &&
    `<img class="logo" src="${address(logo.url)}" alt="${escaped(paper.name)}" width="${logo.width}" style="display:inline-block;width:${logo.width}px;max-width:100%;height:auto;border:0;color:${LIGHT.ink};font-size:28px;font-weight:700;line-height:1.5;">`
  const tagline = paper.tagline
    ? `<p class="grey" style="margin:0;font-size:15px;line-height:1.7;color:${LIGHT.grey};">${marked(isolated(paper.tagline, dir))}</p>`
    : ''
  const title = `<h1 class="name" style="margin:0;font-size:36px;line-height:1.5;font-weight:700;">${link(paper.url, image ?? name, ['ink', LIGHT.ink])}</h1>`
  return `<tr><td dir="${dir}" align="center" style="direction:${dir};text-align:center;padding:20px 0 14px;">${title}${tagline}</td></tr>\n`
}

/** A button that Outlook draws too: the cell has the border and the ground. */
export function button(url: string, label: string, colour: string, filled: boolean): string {
  const text: [string, string] = filled ? ['on', LIGHT.paper] : ['accent', colour]
  const cell = filled ? `class="accent button" bgcolor="${colour}"` : 'class="accent"'
  const ground = filled ? `background-color:${colour};` : ''
  return `<table role="presentation" align="center" border="0" cellpadding="0" cellspacing="0" style="margin:0 auto;"><tr><td ${cell} align="center" style="${ground}border:1px solid ${colour};padding:12px 28px;font-size:16px;line-height:1.6;font-weight:700;text-align:center;">${link(url, label, text)}</td></tr></table>`
}

/** The size of a picture within these bounds, never enlarged. */
export function fitted<P extends { width: number; height: number }>(
  picture: P,
  most: { width: number; height: number },
): P {
  const share = Math.min(1, most.width / picture.width, most.height / picture.height)
  return { ...picture, width: Math.round(picture.width * share), height: Math.round(picture.height * share) }
}

/** A story's small last line: the day it was published. */
export function publishedOn(story: LetterStory, zone: string, style = STYLE.meta): string {
  return `<p class="grey" style="${style}">${shortDate(story.published_at, zone, story.language)}</p>`
}
