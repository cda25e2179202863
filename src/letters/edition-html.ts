import { direction, hijriDate, longDate } from '../locale.ts'
import { escaped, excerpt } from '../text.ts'
import { LIGHT } from './colours.ts'
import { isolated, marked, words } from './direction.ts'
import { accent, framed } from './frame.ts'
import { address, button, fitted, link, masthead, publishedOn, row, STYLE } from './html.ts'
import type { EditionLetter, LetterStory } from './letter.ts'
import { type Placed, placed } from './sections.ts'
import { slot } from './slots.ts'

const PICTURE = { width: 560, height: 420 }
const PREVIEW = { stories: 3, words: 12 }
const INK: [string, string] = ['ink', LIGHT.ink]
const GREY: [string, string] = ['grey', LIGHT.grey]

/** The letter as HTML, its slots open. */
export function html(letter: EditionLetter, subject: string): string {
  const [lead, ...others] = placed(letter.stories)
  const colour = accent(letter.paper.accent)
  return framed(
    { language: letter.language, accent: letter.paper.accent },
    {
      title: escaped(subject),
      preview: preview(letter),
      top: `<p class="grey" style="margin:0;">${web(letter)} · ${unsubscribe(letter)}</p>`,
      rows: [
        masthead(letter.paper, direction(letter.language)),
        dateRow(letter, colour),
        lead && leadRow(letter, lead, colour),
        ...others.flatMap((story) => [dividerRow(story, colour), storyRow(letter, story, colour)]),
        ...headlineRows(letter, colour),
        closing(letter, colour),
      ]
        .filter(Boolean)
        .join(''),
      foot: foot(letter),
    },
  )
}

/** What an inbox shows beside the subject: the next headlines, since the first one is the subject. */
function preview({ language, stories, headlines }: EditionLetter): string {
  const [lead, ...others] = [...stories, ...headlines]
  const titles = others
    .slice(0, PREVIEW.stories)
    .map((story) => within(language, story, excerpt(story.title, story.language, PREVIEW.words)))
  return titles.length > 0 ? titles.join(' · ') : within(language, lead!, lead!.excerpt)
}

function within(language: string, story: LetterStory, value: string): string {
  return marked(isolated(value, direction(language), direction(story.language)))
}

function dateRow({ language, day, digest }: EditionLetter, colour: string): string {
  const dir = direction(language)
  const hijri = language.startsWith('ar') ? ` · ${hijriDate(day, language)}` : ''
  const title = `<span class="accent" style="color:${colour};font-weight:700;">${marked(isolated(digest.title, dir))}</span>`
  const date = `<span class="grey" style="color:${LIGHT.grey};">${longDate(day, language)}${hijri}</span>`
  return `<tr><td class="strong" dir="${dir}" align="center" style="direction:${dir};text-align:center;padding:8px 0;border-top:3px double ${LIGHT.ink};border-bottom:1px solid ${LIGHT.ink};font-size:14px;line-height:1.7;">${title}<br>${date}</td></tr>\n`
}

function leadRow({ paper }: EditionLetter, { story, section }: Placed, colour: string): string {
  const size = story.picture ? STYLE.lead : STYLE.alone
  const content = [
    picture(story),
    kicker(section, colour),
    `<h2 class="lead" style="${size}">${link(story.url, marked(story.title), INK)}</h2>`,
    story.excerpt && `<p class="ink" style="${STYLE.standfirst}">${marked(story.excerpt)}</p>`,
    publishedOn(story, paper.zone),
  ].join('')
  return row(direction(story.language), content, { style: 'padding:20px 0;', lang: story.language })
}

/** The picture as it was taken, never cut: mail has no safe way to crop. A tall one is made narrower. */
function picture({ picture, url }: LetterStory): string {
  if (!picture) return ''
  const { width } = fitted(picture, PICTURE)
  const image = `<img class="grey" src="${address(picture.url)}" alt="${escaped(picture.alt)}" width="${width}" style="display:block;width:100%;max-width:${width}px;height:auto;border:0;color:${LIGHT.grey};font-size:14px;line-height:1.6;">`
  const shown = picture.alt ? link(url, image, INK) : image // a link needs a name
  return `<div style="padding:0 0 14px;">${shown}</div>`
}

function kicker(section: string | null, colour: string): string {
  return section ? `<p class="accent" style="${STYLE.kicker}color:${colour};">${marked(section)}</p>` : ''
}

function dividerRow({ story, section, divider }: Placed, colour: string): string {
  if (!divider) return ''
  const style = `padding:22px 0 4px;border-bottom:2px solid ${LIGHT.ink};font-size:17px;line-height:1.6;font-weight:700;color:${colour};`
  const look = { style, class: 'accent strong', lang: story.language }
  return row(direction(story.language), section ? marked(section) : '&nbsp;', look)
}

function storyRow({ paper }: EditionLetter, { story, section, divider }: Placed, colour: string): string {
  const content = [
    divider ? '' : kicker(section, colour),
    `<h2 style="${STYLE.headline}">${link(story.url, marked(story.title), INK)}</h2>`,
    story.excerpt && `<p class="ink" style="${STYLE.text}">${marked(story.excerpt)}</p>`,
    publishedOn(story, paper.zone),
  ].join('')
  const border = divider ? '' : `border-top:1px solid ${LIGHT.rule};`
  const look = { style: `padding:16px 0 18px;${border}`, class: 'rule', lang: story.language }
  return row(direction(story.language), content, look)
}

function headlineRows({ stories, headlines, language, paper }: EditionLetter, colour: string): string[] {
  if (headlines.length === 0) return []
  const style = `padding:22px 0 4px;border-bottom:2px solid ${LIGHT.ink};`
  const title = `<h2 class="accent" style="margin:0;font-size:17px;line-height:1.6;font-weight:700;color:${colour};">${marked(words(language, 'letter.also'))}</h2>`
  return [
    ...(stories.length > 0 ? [row(direction(language), title, { style, class: 'strong' })] : []),
    ...headlines.map((story, index) => {
      const border = index > 0 ? `border-top:1px solid ${LIGHT.rule};` : ''
      const content = `<p style="${STYLE.bare}">${link(story.url, marked(story.title), INK)}</p>${publishedOn(story, paper.zone, STYLE.near)}`
      const look = { style: `padding:9px 0;${border}`, class: 'rule', lang: story.language }
      return row(direction(story.language), content, look)
    }),
  ]
}

/** All the stories where the letter does not name them all, else the way to the paper. */
function closing({ language, more, total, webUrl, paper }: EditionLetter, colour: string): string {
  const all = more > 0
  const label = all ? words(language, 'letter.all', { total }) : words(language, 'letter.visit', { paper: paper.name })
  return row(direction(language), button(all ? webUrl : paper.url, marked(label), colour, false), {
    style: `padding:24px 0 28px;border-top:1px solid ${LIGHT.rule};`,
    class: 'rule',
  })
}

function foot(letter: EditionLetter): string {
  const { language, list, paper } = letter
  const reason = words(language, 'letter.reason', { list: list.title, paper: paper.name })
  const place = isolated(paper.postal_address, direction(language))
  return [
    `<p class="grey rule" style="margin:0 0 8px;padding:14px 0 0;border-top:3px double ${LIGHT.rule};">${marked(reason)}</p>`,
    `<p class="grey" style="margin:0 0 8px;">${preferences(letter)} · ${unsubscribe(letter)} · ${web(letter)}</p>`,
    place && `<p class="grey" style="margin:0;">${marked(`${paper.name} · ${place}`)}</p>`,
  ].join('\n')
}

function web({ language, webUrl }: EditionLetter): string {
  return link(webUrl, marked(words(language, 'letter.web')), GREY, 'underline')
}

function preferences({ language, publicUrl }: EditionLetter): string {
  const label = marked(words(language, 'letter.preferences'))
  return link(`${publicUrl}/preferences/${slot('preferences')}`, label, GREY, 'underline')
}

function unsubscribe({ language, publicUrl }: EditionLetter): string {
  const label = marked(words(language, 'letter.unsubscribe'))
  return link(`${publicUrl}/unsubscribe/${slot('unsubscribe')}`, label, GREY, 'underline')
}
