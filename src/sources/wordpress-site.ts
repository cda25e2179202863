import type { App } from '../app.ts'
import * as fetching from '../fetching/index.ts'
import { Problem } from '../problem.ts'
import { httpUrl } from '../text.ts'
import { readJson } from '../wordpress/json.ts'
import { textOf } from './sniffing.ts'
import { tagsOf } from './tags.ts'

const API = 'https://api.w.org/'
const MOST_BYTES = 4_000_000 // of one post

/** A WordPress site; `open` if its REST interface hands out posts. */
export type Site = { url: string; open: boolean }

/** The WordPress site whose front page this is; undefined for other pages, as one of its categories. */
export async function siteOf(app: App, page: fetching.Fetched, signal: AbortSignal): Promise<Site | undefined> {
  const site = named(page)
  if (!site || site !== new URL(folder(page.url), page.url).href) return undefined
  const answer = await fetching
    .get(app, new URL('wp-json/wp/v2/posts?per_page=1', site).href, {
      accept: 'application/json',
      mostBytes: MOST_BYTES,
      signal,
    })
    .catch((error) => {
      if (signal.aborted || !(error instanceof Problem)) throw error
      return undefined
    })
  return { url: site, open: answer?.status === 200 && Array.isArray(readJson(answer.body)) }
}

/** The site as the page names it: in a Link header, in a link, or by the program that made it. */
function named({ url, headers, body }: fetching.Fetched): string | undefined {
  const [, header] = /<([^<>]{1,2000})>\s*;\s*rel="?https:\/\/api\.w\.org\/"?/i.exec(headers['link'] ?? '') ?? []
  const tags = tagsOf(textOf(body, headers['content-type']), ['link', 'meta'])
  const link = tags.find(({ attributes }) => (attributes['rel'] ?? '').split(/\s+/).includes(API))?.attributes['href']
  const root = httpUrl(header ?? link ?? '', url)
  if ((header || link) && root) return root.replace(/(wp-json\/?|index\.php\/wp-json\/?|\?rest_route=.*|#.*)$/s, '')
  const made = tags.some(
    ({ attributes }) =>
      attributes['name']?.toLowerCase() === 'generator' && /^wordpress\b/i.test(attributes['content'] ?? ''),
  )
  return made ? new URL('/', url).href : undefined
}

function folder(url: string): string {
  const { pathname } = new URL(url)
  return pathname.replace(/\/(index\.(php|html?))?$|$/, '/')
}
