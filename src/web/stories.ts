import { html, raw } from 'hono/html'
import type { Instant } from '../../db/instant.ts'
import type { Story } from '../articles/index.ts'
import * as channels from '../channels.ts'
import * as links from '../links.ts'
import { clockTime, direction, say, shortDate } from '../locale.ts'
import { nearest } from '../media.ts'
import { clean, fold } from '../text.ts'
import { foreign, type Html, type Paper, typed } from './pages.ts'

/** Where a story stands on our site, as people read addresses: not percent-encoded. */
export function pathOf(story: Story): string {
  return decodeURI(links.article('', story))
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

/** A list of stories with small pictures. */
export function river(paper: Paper, stories: Story[], heading: 'h2' | 'h3'): Html {
  return html`<ol class="river">${stories.map(
    (story) =>
      html`<li>${story.withdrawn_at === null ? withPicture(story, paper, heading) : withdrawal(story, paper, heading)}</li>`,
  )}</ol>`
}

function withPicture(story: Story, paper: Paper, heading: 'h2' | 'h3'): Html {
  return html`<article${foreign(story.language, paper.language)}>${illustration(story, { sizes: '11rem' })}<div>${words(story, paper, heading)}</div></article>`
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
    const name = new Intl.DisplayNames(language, { type: 'language' }).of(language) ?? language
    return html`<section lang="${language}" dir="${direction(language)}">
<h2 class="rule">${channel ? html`<a href="/c/${channel.slug}">${name}</a>` : name}</h2>
<ol class="river">${stories.map((story) => html`<li>${withPicture(story, { ...paper, language }, 'h3')}</li>`)}</ol>
</section>`
  })}</div>`
}

/** A section's older headlines, under its name. */
export function sectionBlock(paper: Paper, channel: channels.Channel, stories: Story[]): Html {
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
  return html`${story.section && html`<p class="section">${typed(story.section)}</p>`}
${heading === 'h2' ? html`<h2>${headline}</h2>` : html`<h3>${headline}</h3>`}
${story.excerpt && html`<p class="excerpt">${typed(story.excerpt)}</p>`}
<p class="date">${date(story.published_at, paper.site.zone)}</p>`
}

/** A day as `dd/mm/yyyy`, with its hour where that matters. */
function date(at: Instant, zone: string, hour?: 'hour'): Html {
  const text = hour ? `${shortDate(at, zone)} ${clockTime(at, zone)}` : shortDate(at, zone)
  return html`<time datetime="${new Date(at).toISOString()}" dir="ltr">${text}</time>`
}

/** How a picture stands: how wide, what it says to those who cannot see it, whether it opens the page, whether it is a large one. */
type Shown = { sizes: string; alt?: string; first?: boolean; large?: boolean }

/** A story's picture as a link to it that keyboards and screen readers skip: the headline beside it says the same. */
function illustration(story: Story, shown: Shown): Html | '' {
  const picture = image(story, shown)
  return picture && html`<a class="picture" href="${pathOf(story)}" tabindex="-1" aria-hidden="true">${picture}</a>`
}

function image(story: Story, { sizes, alt = '', first = false, large = false }: Shown): Html | '' {
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

/** A story in full. */
export function full(story: Story, paper: Paper): Html {
  const { language } = paper
  const { zone } = paper.site
  return html`<article class="story" lang="${story.language}" dir="${direction(story.language)}">
<header>
${story.section && html`<p class="section">${sectionLink(story, paper)}</p>`}
<h1>${typed(story.title)}</h1>
${story.summary && html`<p class="standfirst">${typed(story.summary)}</p>`}
<p class="byline">${byline(story, language)}<span class="when">${date(story.published_at, zone, 'hour')}</span></p>
</header>
${figure(story, language)}
${
  story.updated_at > story.published_at &&
  html`<p class="updated"${foreign(language, story.language)}>${dated(say(language, 'article.updated', { time: '\u0000' }), date(story.updated_at, zone, 'hour'))}</p>`
}
<div class="body">${body(story)}</div>
${story.credit && html`<p class="source"${foreign(language, story.language)}>${typed(say(language, 'article.source', { credit: story.credit }))}</p>`}
${share(story, paper)}
</article>`
}

/**
 * The body, cleaned once more on its way out. Its pictures come from others; what may be wider than the page scrolls
 * sideways, by keyboard too. Cleaned HTML writes `<` for nothing but its tags.
 */
function body(story: Story): Html {
  const ours = clean(story.body_html)
    .replaceAll('<img ', '<img loading="lazy" referrerpolicy="no-referrer" ')
    .replace(/<table(?=[ >])/g, '<div class="sideways" tabindex="0"><table')
    .replaceAll('</table>', '</table></div>')
    .replace(/<pre(?=[ >])/g, '<pre class="sideways" tabindex="0"')
  return raw(ours)
}

/** A sentence with an element where its `\u0000` stands. */
function dated(sentence: string, element: Html): Html {
  const [before, after] = sentence.split('\u0000')
  return html`${before}${element}${after}`
}

function byline(story: Story, language: string): Html | '' {
  if (story.authors.length === 0) return ''
  const names = new Intl.ListFormat(language, { type: 'conjunction' }).format(story.authors)
  return html`<span class="names">${say(language, 'article.by', { names })}</span>`
}

function sectionLink(story: Story, paper: Paper): Html | string {
  const channel = paper.channels.find((one) => {
    const { section, ...rest } = channels.filterOf(one)
    return (
      section?.length === 1 &&
      section[0] === fold(story.section!) &&
      Object.keys(rest).every((key) => key === 'language')
    )
  })
  return channel ? html`<a href="/c/${channel.slug}">${story.section}</a>` : story.section!
}

function figure(story: Story, language: string): Html | '' {
  const picture = image(story, {
    sizes: '(min-width: 52rem) 52rem, 100vw',
    alt: story.image_alt ?? '',
    first: true,
    large: true,
  })
  if (!picture) return ''
  const credit = story.image_credit && html`<span class="credit">${story.image_credit}</span>`
  return html`<figure class="main">${picture}${
    (story.image_caption || credit) &&
    html`<figcaption${foreign(language, story.language)}>${typed(story.image_caption ?? '')} ${credit}</figcaption>`
  }</figure>`
}

function share(story: Story, paper: Paper): Html {
  const { language } = paper
  const address = links.article(paper.base, { ...story, title: '' }) // without its words, which would be longer than the message
  const whatsapp = `https://wa.me/?text=${encodeURIComponent(`${story.title}\n${address}`)}`
  const telegram = `https://t.me/share/url?url=${encodeURIComponent(address)}&text=${encodeURIComponent(story.title)}`
  return html`<p class="share"${foreign(language, story.language)}><span>${say(language, 'article.share')}</span>
<a href="${whatsapp}" rel="noopener nofollow" lang="en" dir="ltr">WhatsApp</a>
<a href="${telegram}" rel="noopener nofollow" lang="en" dir="ltr">Telegram</a></p>`
}

/** What stands where a withdrawn story stood. */
export function withdrawal(story: Story, paper: Paper, heading: 'h1' | 'h2' | 'h3'): Html {
  const { language } = paper
  const title = say(language, 'article.withdrawn')
  return html`<article class="withdrawn">
${heading === 'h1' ? html`<h1>${title}</h1>` : heading === 'h2' ? html`<h2>${title}</h2>` : html`<h3>${title}</h3>`}
<p>${dated(say(language, 'article.withdrawn-on', { date: '\u0000' }), date(story.withdrawn_at!, paper.site.zone))}</p>
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

/** Links to the pages before and after this one. */
export function paging(paper: Paper, first: string, number: number, total: number): Html | '' {
  if (total < 2) return ''
  const { language } = paper
  const path = (n: number) => (n === 1 ? first : `${first === '/' ? '' : first}/page/${n}`)
  return html`<nav class="paging" aria-label="${say(language, 'page.paging')}">
<span>${number > 1 && html`<a href="${path(number - 1)}" rel="prev">${say(language, 'page.newer')}</a>`}</span>
<span>${say(language, 'page.number', { n: number, total })}</span>
<span>${number < total && html`<a href="${path(number + 1)}" rel="next">${say(language, 'page.older')}</a>`}</span>
</nav>`
}
