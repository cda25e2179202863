import { Hono } from 'hono'
import { html } from 'hono/html'
import type { App } from '../app.ts'
import * as digests from '../digests/index.ts'
import * as links from '../links.ts'
import { longDate, monthName, say } from '../locale.ts'
import { Problem } from '../problem.ts'
import { alternates, feedLinks } from './alternates.ts'
import { cached } from './cached.ts'
import { foreign, type Html, inLanguage, type Paper, page, paper } from './pages.ts'
import { bare, river, signUpBox } from './stories.ts'

const DATED = / · [\u2066-\u2069]*\d\d\/\d\d\/\d{4}[\u2066-\u2069]*$/u // as subjects end, and as each day's line says

const SLUG = ':digest{[a-z0-9-]{1,60}}'

/** The archive of digests: every edition as the web shows it, without personal links. */
export function editionPages(app: App): Hono {
  const pages = new Hono()
  pages.get('/editions', cached, async (c) => c.html(await all(app, await paper(app))))
  pages.get(`/editions/${SLUG}`, cached, async (c) => c.html(await month(app, c.req.param('digest'))))
  pages.get(`/editions/${SLUG}/:month{[0-9]{4}-[0-9]{2}}`, cached, async (c) =>
    c.html(await month(app, c.req.param('digest'), c.req.param('month'))),
  )
  pages.get(`/editions/${SLUG}/:day{[0-9]{4}-[0-9]{2}-[0-9]{2}}`, cached, async (c) => {
    const { digest, day } = c.req.param()
    const named = c.req.query('edition')
    const found =
      (named && /^[a-z0-9]{1,40}$/i.test(named) && (await digests.editionPage(app.read, digest, day, named))) ||
      (await digests.editionPage(app.read, digest, day))
    if (!found) throw new Problem('page-not-found')
    const around = await digests.neighbours(app.read, digest, day)
    return c.html(edition(inLanguage(await paper(app), found.language), found, around))
  })
  return pages
}

/** Every digest with its newest edition and its months. */
async function all(app: App, paper: Paper): Promise<Html> {
  const { language } = paper
  const archives = await digests.archives(app.read)
  const newest = await Promise.all(archives.map(({ digest, months }) => newestOf(app, digest, months[0]!.month)))
  return page({
    ...paper,
    title: say(language, 'page.editions'),
    path: '/editions',
    body: html`<div class="text">
<h1>${say(language, 'page.editions')}</h1>
${archives.map((archive, index) => ofDigest(inLanguage(paper, archive.language), language, archive, newest[index]!))}
${archives.length === 0 && html`<p>${say(language, 'page.editions-none')}</p>`}
</div>
${signUpBox(paper)}`,
  })
}

async function newestOf(app: App, digest: string, month: string): Promise<digests.Dated> {
  return (await digests.monthOf(app.read, digest, month))[0]!
}

/** A digest in the list of all, in its own language where we speak it. */
function ofDigest(own: Paper, around: string, archive: digests.Archive, newest: digests.Dated): Html {
  const { digest, title } = archive
  return html`<section${foreign(own.language, around)}>
<h2 class="rule"><a href="/editions/${digest}" dir="auto">${title}</a></h2>
<ol class="archive">${entry(own, archive, newest)}</ol>
${months(own, archive)}
</section>`
}

/** One edition as a line of an archive. */
function entry({ language }: Paper, archive: digests.Archive, { day, subject, stories }: digests.Dated): Html {
  return html`<li>
<p class="digest"><a href="/editions/${archive.digest}/${day}">${dayOf(day, language)}</a></p>
<p class="excerpt"${foreign(archive.language, language)}>${subject.replace(DATED, '')}</p>
<p class="date">${say(language, 'page.stories', { n: stories })}</p>
</li>`
}

/** Links to a digest's months; the one that is shown is named without. */
function months({ language }: Paper, { digest, months }: digests.Archive, shown?: string): Html {
  return html`<nav class="months" aria-label="${say(language, 'editions.months')}"><ul>${months.map(({ month }) => {
    const name = monthName(month, language)
    return month === shown
      ? html`<li><span aria-current="page">${name}</span></li>`
      : html`<li><a href="/editions/${digest}/${month}">${name}</a></li>`
  })}</ul></nav>`
}

/** A digest's month; the newest one if none is named. */
async function month(app: App, slug: string, named?: string): Promise<Html> {
  const [archive] = await digests.archives(app.read, slug)
  if (!archive) throw new Problem('page-not-found')
  const shown = named ?? archive.months[0]!.month
  if (!archive.months.some(({ month }) => month === shown)) throw new Problem('page-not-found')
  const editions = await digests.monthOf(app.read, slug, shown)
  const path = named ? `/editions/${slug}/${named}` : `/editions/${slug}`
  return monthPage(inLanguage(await paper(app), archive.language), { archive, shown, editions, path })
}

type Month = { archive: digests.Archive; shown: string; editions: digests.Dated[]; path: string }

function monthPage(paper: Paper, { archive, shown, editions, path }: Month): Html {
  const { language } = paper
  const { digest } = archive
  const name = monthName(shown, language)
  return page({
    ...paper,
    title: `${archive.title} · ${name}`,
    path,
    alternates: feeds(paper, archive),
    body: html`<div class="text">
<p class="section"><a href="/editions">${say(language, 'page.editions')}</a></p>
<h1 dir="auto">${archive.title}</h1>
<p class="follow"><span>${say(language, 'page.follow')}</span> ${feedLinks((base, format) => links.editionsFeed(base, digest, format))}</p>
<h2 class="rule">${name}</h2>
<ol class="archive">${editions.map((edition) => entry(paper, archive, edition))}</ol>
${archive.months.length > 1 && months(paper, archive, shown)}
</div>
${signUpBox(paper)}`,
  })
}

function feeds({ base }: Paper, { digest, title }: Pick<digests.Archive, 'digest' | 'title'>) {
  return alternates(base, title, (from, format) => links.editionsFeed(from, digest, format))
}

type Around = Awaited<ReturnType<typeof digests.neighbours>>

function edition(paper: Paper, shown: digests.EditionPage, around: Around): Html {
  const { language } = paper
  const { digest, edition, day, stories, headlines } = shown
  return page({
    ...paper,
    title: `${digest.title} · ${longDate(Temporal.PlainDate.from(day), language)}`,
    ...(edition.subject && { description: edition.subject }),
    path: `/editions/${digest.slug}/${day}`,
    alternates: feeds(paper, { digest: digest.slug, title: digest.title }),
    picture: stories.find((story) => story.withdrawn_at === null && story.picture)?.picture ?? null,
    body: html`<header class="heading">
<p class="section"><a href="/editions/${digest.slug}" dir="auto">${digest.title}</a></p>
<h1>${dayOf(day, language)}</h1>
</header>
${river(paper, stories, 'h2', 'first')}
${headlines.length > 0 && html`<section class="latest"><h2 class="rule">${say(language, 'page.also')}</h2>${bare(paper, headlines)}</section>`}
${beside(paper, digest.slug, around)}
${signUpBox(paper)}`,
  })
}

/** Links to the days before and after. */
function beside({ language }: Paper, digest: string, { before, after }: Around): Html | '' {
  if (!before && !after) return ''
  const path = (day: string) => `/editions/${digest}/${day}`
  return html`<nav class="paging" aria-label="${say(language, 'page.editions')}">
<span>${after && html`<a href="${path(after)}" rel="next">${say(language, 'editions.after')}</a>`}</span>
<span></span>
<span>${before && html`<a href="${path(before)}" rel="prev">${say(language, 'editions.before')}</a>`}</span>
</nav>`
}

function dayOf(day: string, language: string): Html {
  return html`<time datetime="${day}">${longDate(Temporal.PlainDate.from(day), language)}</time>`
}
