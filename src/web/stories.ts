import { html } from 'hono/html'
import type { Instant } from '../../db/instant.ts'
import type { Story } from '../articles/index.ts'
import type { Channel } from '../channels.ts'
import * as links from '../links.ts'
import { clockTime, direction, languageName, say, shortDate } from '../locale.ts'
import { nearest } from '../media.ts'
import { sectionPath } from './facet-paths.ts'
import { foreign, type Html, type Paper, typed } from './pages.ts'

/** Where a story stands on our site, as people read addresses: not percent-encoded. */
export function pathOf(story: Story): string {
  return links.readable(links.article('', story))
}

/** The opening of the front page: one story with its picture, and up to three beside it. */
export function opening(paper: Paper, lead: Story, beside: Story[]): Html {
  return html`<section class="opening${beside.length === 0 && ' alone'}" aria-label="${say(paper.language, 'page.latest')}">
<article class="lead"${foreign(lead.language, paper.language)}>
${illustration(lead, { sizes: '(min-width: 64rem) 48rem, 100vw', first: true, large: true })}
${words(lead, paper, 'h2')}
</article>
${
  beside.length > 0 &&
  html`<div class="beside">${beside.map(
    (story) => html`<article${foreign(story.language, paper.language)}>${words(story, paper, 'h2')}</article>`,
  )}</div>`
}
</section>`
}

/** A list of stories with small pictures; `first` where nothing above it has one. */
export function river(paper: Paper, stories: Story[], heading: 'h2' | 'h3', first?: 'first'): Html {
  return html`<ol class="river">${stories.map(
    (story, index) =>
      html`<li>${story.withdrawn_at === null ? withPicture(story, paper, heading, first && index < 2) : withdrawal(story, paper, heading)}</li>`,
  )}</ol>`
}

function withPicture(story: Story, paper: Paper, heading: 'h2' | 'h3', first = false): Html {
  return html`<article${foreign(story.language, paper.language)}>${illustration(story, { sizes: '(min-width: 40rem) 9.5rem, 6.5rem', first })}<div>${words(story, paper, heading)}</div></article>`
}

/** Headlines alone, each a line. */
export function bare(paper: Paper, stories: Story[]): Html {
  return html`<ul class="bare">${stories.map((story) =>
    story.withdrawn_at === null
      ? html`<li${foreign(story.language, paper.language)}><a href="${pathOf(story)}">${typed(story.title)}</a></li>`
      : html`<li>${say(paper.language, 'article.withdrawn')}${story.withdrawn_reason && html` · ${story.withdrawn_reason}`}</li>`,
  )}</ul>`
}

/** «أحدث الأخبار»: what the paper has newest, below a page about something else. */
export function latestBlock(paper: Paper, stories: Story[]): Html | '' {
  if (stories.length === 0) return ''
  return html`<section class="latest">
<h2 class="rule">${say(paper.language, 'page.latest')}</h2>
<ol class="headlines">${stories.map(
    (story) => html`<li><article${foreign(story.language, paper.language)}>${words(story, paper, 'h3')}</article></li>`,
  )}</ol>
</section>`
}

/** What the page holds in other languages than its own: a column each, from its own side. */
export function otherLanguages(paper: Paper, groups: Story[][]): Html | '' {
  if (groups.length === 0) return ''
  return html`<div class="languages">${groups.map((stories) => {
    const language = stories[0]!.language.split('-')[0]!
    const channel = paper.channels.find((one) => one.filter === JSON.stringify({ language: [language] }))
    const name = languageName(language, language)
    return html`<section lang="${language}" dir="${direction(language)}">
<h2 class="rule">${channel ? html`<a href="/c/${channel.slug}">${name}</a>` : name}</h2>
<ol class="river">${stories.map((story) => html`<li>${withPicture(story, { ...paper, language }, 'h3')}</li>`)}</ol>
</section>`
  })}</div>`
}

/** A section's older headlines, under its name. */
export function sectionBlock(paper: Paper, channel: Channel, stories: Story[]): Html {
  return html`<section${foreign(channel.language, paper.language)}>
<h2 class="rule"><a href="/c/${channel.slug}">${channel.title}</a></h2>
${stories.map(
  (story, index) => html`<article${foreign(story.language, channel.language ?? paper.language)}>
${index === 0 && illustration(story, { sizes: '(min-width: 64rem) 18rem, 100vw' })}
${words(story, paper, 'h3')}
</article>`,
)}
</section>`
}

/** Section, headline, excerpt, date: letter for letter as stored. */
function words(story: Story, paper: Paper, heading: 'h2' | 'h3'): Html {
  const headline = html`<a href="${pathOf(story)}">${typed(story.title)}</a>`
  return html`${section(story, paper)}
${heading === 'h2' ? html`<h2>${headline}</h2>` : html`<h3>${headline}</h3>`}
${story.excerpt && html`<p class="excerpt">${typed(story.excerpt)}</p>`}
<p class="date">${date(story.published_at, paper.site.zone, story.language)}</p>`
}

/** A day as `dd/mm/yyyy`, as its language writes it, with its hour where that matters. */
export function date(at: Instant, zone: string, language: string, hour?: 'hour'): Html {
  const day = shortDate(at, zone, language)
  const text = hour ? `${day} ${clockTime(at, zone)}` : day
  return html`<time datetime="${new Date(at).toISOString()}" dir="ltr">${text}</time>`
}

/** How a picture stands: how wide, what it says to those who cannot see it, whether it opens the page, whether it is a large one. */
type Shown = { sizes: string; alt?: string; first?: boolean; large?: boolean }

/** A story's picture as a link to it that keyboards and screen readers skip: the headline beside it says the same. */
function illustration(story: Story, shown: Shown): Html | '' {
  const picture = image(story, shown)
  return picture && html`<a class="picture" href="${pathOf(story)}" tabindex="-1" aria-hidden="true">${picture}</a>`
}

/** The picture in our widths, or as it lies elsewhere; nothing where there is none. */
export function image(story: Story, { sizes, alt = '', first = false, large = false }: Shown): Html | '' {
  const loading = first ? html`fetchpriority="high"` : html`loading="lazy" decoding="async"`
  const { picture } = story
  if (picture) {
    const { file, width, height } = nearest(picture, 640)
    const set = (webp: boolean) =>
      picture.variants
        .filter((variant) => (variant.type === 'image/webp') === webp && (large || variant.width <= 640))
        .map((variant) => `/m/${variant.file} ${variant.width}w`)
        .join(', ')
    const others = large && html` srcset="${set(false)}" sizes="${sizes}"`
    return html`<picture><source type="image/webp" srcset="${set(true)}" sizes="${sizes}"><img src="/m/${file}"${others} width="${width}" height="${height}" alt="${alt}" ${loading}></picture>`
  }
  if (!story.image_url) return ''
  return html`<img src="${story.image_url}" alt="${alt}" referrerpolicy="no-referrer" ${loading}>`
}

/** A sentence with an element where its `\u0000` stands. */
export function dated(sentence: string, element: Html): Html {
  const [before, after] = sentence.split('\u0000')
  return html`${before}${element}${after}`
}

/** A story's section as a link to more of it. */
export function section(story: Story, paper: Paper): Html | '' {
  if (!story.section) return ''
  const path = sectionPath(story, paper)
  const name = typed(story.section)
  return html`<p class="section">${path ? html`<a href="${links.readable(path)}">${name}</a>` : name}</p>`
}

/** What stands where a withdrawn story stood. */
export function withdrawal(story: Story, paper: Paper, heading: 'h1' | 'h2' | 'h3'): Html {
  const { language } = paper
  const title = say(language, 'article.withdrawn')
  return html`<article class="withdrawn">
${heading === 'h1' ? html`<h1>${title}</h1>` : heading === 'h2' ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`}
<p>${dated(say(language, 'article.withdrawn-on', { date: '\u0000' }), date(story.withdrawn_at!, paper.site.zone, language))}</p>
${story.withdrawn_reason && html`<p>${say(language, 'article.withdrawn-reason', { reason: story.withdrawn_reason })}</p>`}
</article>`
}

/** Asks for a subscription, below a story. */
export function signUpBox(paper: Paper): Html | '' {
  const { language } = paper
  if (!paper.signUp) return ''
  return html`<aside class="sign-up">
<h2>${say(language, 'page.sign-up-title')}</h2>
<p>${say(language, 'page.sign-up-text')}</p>
<p><a class="button" href="/subscribe">${say(language, 'page.sign-up')}</a></p>
</aside>`
}

/** What stands where there are no stories. */
export function nothing(paper: Paper): Html {
  return html`<p class="nothing">${say(paper.language, 'page.nothing')}</p>`
}

/** Links to the pages before and after this one; `first` is the first one's path, percent-encoded; without `total` there is always one more. */
export function paging(paper: Paper, first: string, number: number, total: number | undefined): Html | '' {
  if (total !== undefined && total < 2) return ''
  const { language } = paper
  const path = (n: number) => links.readable(n === 1 ? first : `${first === '/' ? '' : first}/page/${n}`)
  return html`<nav class="paging" aria-label="${say(language, 'page.paging')}">
<span>${number > 1 && html`<a href="${path(number - 1)}" rel="prev">${say(language, 'page.newer')}</a>`}</span>
<span>${numbered(language, number, total)}</span>
<span>${(total === undefined || number < total) && html`<a href="${path(number + 1)}" rel="next">${say(language, 'page.older')}</a>`}</span>
</nav>`
}

/** A page's number, and of how many where they were counted. */
export function numbered(language: string, n: number, total: number | undefined): string {
  return total === undefined ? say(language, 'page.number-alone', { n }) : say(language, 'page.number', { n, total })
}
