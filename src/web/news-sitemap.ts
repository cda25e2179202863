import { instant, later } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as articles from '../articles/index.ts'
import * as links from '../links.ts'
import { isLanguage } from '../locale.ts'
import * as site from '../site.ts'
import { escaped } from '../text.ts'

const AGE = 2 * 24 * 3_600_000 // ms
const MOST = 1000

/** The news of the last two days, as Google News reads it: https://support.google.com/news/publisher-center/answer/9606710 */
export async function newsSitemap(app: App): Promise<string> {
  const now = instant(app.now())
  const { name } = await site.show(app, app.read)
  const stories = await articles.latestSince(app.read, later(now, -AGE), now, MOST)
  const urls = stories.map(
    (story) => `<url><loc>${escaped(links.article(app.config.url, story))}</loc><news:news>
<news:publication><news:name>${escaped(name)}</news:name><news:language>${newsLanguage(story.language)}</news:language></news:publication>
<news:publication_date>${new Date(story.published_at).toISOString()}</news:publication_date>
<news:title>${escaped(story.title)}</news:title>
</news:news></url>
`,
  )
  return `<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
${urls.join('')}</urlset>
`
}

/** ISO 639; Chinese by its script. */
function newsLanguage(tag: string): string {
  if (!isLanguage(tag)) return 'und'
  const { language, script } = new Intl.Locale(tag).maximize()
  return language === 'zh' ? (script === 'Hant' ? 'zh-tw' : 'zh-cn') : language
}
