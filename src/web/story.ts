import { html, raw } from 'hono/html'
import type { Story } from '../articles/index.ts'
import * as articles from '../articles/index.ts'
import type { Also } from '../intake/index.ts'
import * as links from '../links.ts'
import { direction, say } from '../locale.ts'
import type { Picture, Variant } from '../media.ts'
import { clean, httpUrl } from '../text.ts'
import { labelPath } from './facet-paths.ts'
import { foreign, type Html, type Paper, typed } from './pages.ts'
import { date, dated, image, section } from './stories.ts'

/** A story in full; `also`: where else it stands. */
export function full(story: Story, paper: Paper, also: Also[] = []): Html {
  const { language } = paper
  const { zone } = paper.site
  return html`<article class="story" lang="${story.language}" dir="${direction(story.language)}">
<header>
${section(story, paper)}
<h1>${typed(story.title)}</h1>
${story.summary && html`<p class="standfirst">${typed(story.summary)}</p>`}
<p class="byline">${byline(story, language)}<span class="when">${date(story.published_at, zone, language, 'hour')}</span></p>
</header>
${figure(story, language)}
${
  story.updated_at > story.published_at &&
  html`<p class="updated"${foreign(language, story.language)}>${dated(say(language, 'article.updated', { time: '\u0000' }), date(story.updated_at, zone, language, 'hour'))}</p>`
}
${articles.leadsTo(story) ? onward(story, language) : html`<div class="body">${body(story)}</div>`}
${story.credit && html`<p class="source"${foreign(language, story.language)}>${typed(say(language, 'article.source', { credit: story.credit }))}</p>`}
${elsewhere(also, story, language)}
${tags(story, language)}
${share(story, paper)}
</article>`
}

/**
 * The body, cleaned once more on its way out. Pictures that we do not keep come from others; what may be wider than the page scrolls
 * sideways, by keyboard too. Cleaned HTML writes `<` for nothing but its tags.
 */
function body(story: Story): Html {
  const ours = articles
    .withKept(clean(story.body_html), story.pictures, shown)
    .replaceAll('<img ', '<img loading="lazy" referrerpolicy="no-referrer" ')
    .replace(/<table(?=[ >])/g, '<div class="sideways" tabindex="0"><table')
    .replaceAll('</table>', '</table></div>')
    .replace(/<pre(?=[ >])/g, '<pre class="sideways" tabindex="0"')
  return raw(ours)
}

/** The way to a story whose text we have not: it stands where it came from. */
function onward(story: Story, language: string): Html | '' {
  const url = httpUrl(articles.leadsTo(story) ?? '')
  if (!url) return ''
  const words = say(language, 'article.read-on', { source: story.credit || hostOf(url) })
  return html`<p class="onward"${foreign(language, story.language)}><a href="${url}" rel="noopener">${typed(words)}</a></p>`
}

function hostOf(url: string): string {
  return new URL(url).host.replace(/^www\./, '')
}

/** «أيضًا في: …»: the partners that tell it too. */
function elsewhere(also: Also[], story: Story, language: string): Html | '' {
  const places = also.filter(({ link }) => httpUrl(link))
  if (places.length === 0) return ''
  const names = new Intl.ListFormat(language, { type: 'conjunction' }).formatToParts(places.map(({ title }) => title))
  let index = 0
  const links = names.map(({ type, value }) =>
    type === 'element' ? html`<a href="${places[index++]!.link}" rel="noopener"><bdi>${typed(value)}</bdi></a>` : value,
  )
  return html`<p class="source"${foreign(language, story.language)}>${dated(say(language, 'article.also', { sources: '\u0000' }), html`${links}`)}</p>`
}

/** A picture of ours in a body, as wide as the page needs it. */
function shown({ variants }: Picture, { file, type }: Variant): string {
  const set = variants.filter((variant) => variant.type === type)
  const sizes = set.map((variant) => `/m/${variant.file} ${variant.width}w`).join(', ')
  return `src="/m/${file}" srcset="${sizes}" sizes="(min-width: 44rem) 44rem, 100vw"`
}

/** Who wrote it, each name a link to more by the same. */
function byline(story: Story, language: string): Html | '' {
  if (story.authors.length === 0) return ''
  const parts = new Intl.ListFormat(language, { type: 'conjunction' }).formatToParts(story.authors)
  const names = parts.map(({ type, value }) =>
    type === 'element'
      ? html`<a href="${links.readable(labelPath('author', value))}" rel="author">${typed(value)}</a>`
      : value,
  )
  return html`<span class="names">${dated(say(language, 'article.by', { names: '\u0000' }), html`${names}`)}</span>`
}

function tags(story: Story, language: string): Html | '' {
  if (story.tags.length === 0) return ''
  return html`<p class="tags"><span${foreign(language, story.language)}>${say(language, 'article.tags')}</span>
${story.tags.map((tag) => html`<a href="${links.readable(labelPath('tag', tag))}" rel="tag">${typed(tag)}</a> `)}</p>`
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
