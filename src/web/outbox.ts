import { Hono } from 'hono'
import { html } from 'hono/html'
import type { App } from '../app.ts'
import { clockTime, say, shortDate } from '../locale.ts'
import type { Outbox } from '../outbox.ts'
import { page, paper } from './pages.ts'

const PRIVATE = { 'Cache-Control': 'no-store, private', 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex' }

/**
 * The letters that the demo caught, behind a link nobody can guess. A letter is shown as a mail program would: its own
 * document without scripts, on a sheet of its own.
 */
export function outboxPages(app: App, outbox: Outbox, secret: string): Hono {
  const root = `/admin/outbox/${secret}`
  const web = new Hono()
  web.use(`${root}/*`, async (c, next) => {
    await next()
    for (const [name, value] of Object.entries(PRIVATE)) c.res.headers.set(name, value)
  })

  web.get(root, async (c) => {
    const frame = await paper(app)
    const { language, site } = frame
    const letters = outbox.caught()
    const body = html`<header class="heading"><h1>${say(language, 'outbox.title')}</h1>
<p>${say(language, 'outbox.what', { n: letters.length })}</p></header>
<ul class="outbox">${letters.map(
      (letter) => html`<li><a href="${root}/${letter.id}"><bdi>${letter.subject}</bdi></a>
<p class="meta"><bdi dir="ltr">${letter.to}</bdi> · <time datetime="${new Date(letter.at).toISOString()}" dir="ltr">${shortDate(letter.at, site.zone)} ${clockTime(letter.at, site.zone)}</time> · <bdi dir="ltr">${Math.ceil(letter.bytes / 1024)} KB</bdi></p></li>`,
    )}</ul>`
    return c.html(
      await page({ ...frame, title: say(language, 'outbox.title'), path: root, robots: 'noindex', body }),
      200,
      PRIVATE,
    )
  })

  web.get(`${root}/:id`, async (c) => {
    const letter = await outbox.read(c.req.param('id'))
    if (!letter) return c.notFound()
    const frame = await paper(app)
    const { language } = frame
    const here = `${root}/${c.req.param('id')}`
    const { parsed, raw } = letter
    const head = raw.subarray(0, raw.indexOf('\r\n\r\n')).toString('utf8')
    const body = html`<header class="heading"><p class="section"><a href="${root}">${say(language, 'outbox.title')}</a></p>
<h1 dir="auto">${parsed.subject ?? ''}</h1></header>
<ul class="tabs"><li><a href="${here}/html">${say(language, 'outbox.html')}</a></li><li><a href="${here}/text">${say(language, 'outbox.text')}</a></li><li><a href="${here}/raw">${say(language, 'outbox.raw')}</a></li></ul>
<iframe class="letter" sandbox="allow-popups allow-popups-to-escape-sandbox" src="${here}/html" title="${parsed.subject ?? ''}"></iframe>
<pre class="headers" dir="ltr">${head}</pre>`
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    )
    return c.html(
      await page({ ...frame, title: parsed.subject ?? '', path: here, robots: 'noindex', body }),
      200,
      PRIVATE,
    )
  })

  web.get(`${root}/:id/html`, async (c) => {
    const letter = await outbox.read(c.req.param('id'))
    if (!letter) return c.notFound()
    c.header(
      'Content-Security-Policy',
      "default-src 'none'; style-src 'unsafe-inline'; img-src http: https:; sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation; frame-ancestors 'self'",
    )
    return c.html(letter.parsed.html || `<pre>${letter.parsed.textAsHtml ?? ''}</pre>`, 200, PRIVATE)
  })

  web.get(`${root}/:id/text`, async (c) => {
    const letter = await outbox.read(c.req.param('id'))
    return letter ? c.text(letter.parsed.text ?? '', 200, PRIVATE) : c.notFound()
  })

  web.get(`${root}/:id/raw`, async (c) => {
    const letter = await outbox.read(c.req.param('id'))
    return letter ? c.text(letter.raw.toString('latin1'), 200, PRIVATE) : c.notFound()
  })
  return web
}
