import type { IncomingMessage, ServerResponse } from 'node:http'
import { openPartner, type Partner } from './partner.ts'

/** A post as a WordPress site keeps it. */
export type Post = {
  id: number
  title: string
  content: string
  excerpt: string
  slug: string
  at: number
  modified: number
  status: 'publish' | 'private' | 'trash' | 'future' | 'draft'
  guid: string
  password?: string
  categories: string[]
  tags: string[]
  author: string
  image?: { url: string; alt: string; caption: string }
}

/** How the site behaves. */
export type Manner = {
  /** `closed`: 401 as plugins answer it; `page`: a page of HTML; `none`: 404. */
  rest: 'open' | 'closed' | 'page' | 'none'
  /** Before 5.7: `modified_after` is not known. */
  old: boolean
  /** No `_fields`, no `include`, no order but by date and id. */
  simple: boolean
  /** Before 4.9: no order by modification, and a refusal to who asks for it. */
  ancient: boolean
  /** The posts over which it fails. */
  broken: Set<number>
  /** It answers 429 to so many requests, and says when to come again. */
  busy: number
  /** It fails over everything. */
  down: boolean
  /** What plugins print before the JSON. */
  notice: string
  /** It gives no more posts on a page, whatever is asked. */
  most: number
  /** A cache that does not look at questions. */
  cached: boolean
  /** It lists nothing, and says so. */
  blank: boolean
  /** Only `?rest_route=`, only `?feed=`. */
  plain: boolean
  /** Single posts are refused to all, as some plugins do. */
  single: boolean
}

export type Site = Partner & {
  readonly home: string
  readonly posts: Map<number, Post>
  readonly manner: Manner
  /** Called at each request, before it is answered. */
  onAsked: () => void
  add(post?: Partial<Post>): Post
  edit(id: number, changes: Partial<Post>): void
  /** A scheduled post comes out: WordPress does not call that a modification. */
  release(id: number): void
  remove(id: number): void
  link(post: Post): string
}

/** A site like those that WordPress makes, in a folder of its host; `now` is its clock in ms. */
export async function openWordpress(now: () => number, folder = ''): Promise<Site> {
  const posts = new Map<number, Post>()
  const manner: Manner = {
    ...{ rest: 'open', old: false, simple: false, broken: new Set(), busy: 0, down: false, notice: '', most: 100 },
    ...{ cached: false, blank: false, ancient: false, plain: false, single: false },
  }
  const partner = await openPartner((request, response) => answer(site, request, response))
  let last = 0
  const home = `${partner.url}${folder}/`
  const site: Site = {
    ...partner,
    home,
    posts,
    manner,
    onAsked: () => {},
    add(post = {}) {
      last = post.id ?? last + 1
      const whole: Post = {
        ...{
          id: last,
          title: `خبر ${last}`,
          content: `<p>نص الخبر رقم ${last}</p>`,
          excerpt: '',
          slug: `khabar-${last}`,
        },
        ...{ at: now(), modified: post.at ?? now(), status: 'publish', guid: `${home}?p=${last}` },
        ...{ categories: ['سياسة'], tags: [], author: 'هالة القباني' },
        ...post,
      }
      posts.set(last, whole)
      return whole
    },
    edit: (id, changes) => void posts.set(id, { ...posts.get(id)!, modified: now(), ...changes }),
    release: (id) => void posts.set(id, { ...posts.get(id)!, status: 'publish' }),
    remove: (id) => void posts.delete(id),
    link: (post) => `${home}2025/12/${encodeURIComponent(post.slug).toLowerCase()}/`,
  }
  return site
}

function answer(site: Site, request: IncomingMessage, response: ServerResponse): ServerResponse {
  const { manner, home } = site
  site.onAsked()
  const url = new URL(request.url!, home)
  const folder = new URL(home).pathname
  const path = url.pathname.startsWith(folder) ? url.pathname.slice(folder.length) : url.pathname
  if (manner.busy > 0) {
    manner.busy--
    return response.writeHead(429, { 'Retry-After': '7' }).end('slowly')
  }
  if (manner.down) return fail(response)
  const route = url.searchParams.get('rest_route') ?? (manner.plain ? null : /^wp-json(\/.*)/.exec(path)?.[1])
  if (manner.cached)
    for (const name of [...url.searchParams.keys()]) if (name !== 'rest_route') url.searchParams.delete(name)
  const feed = manner.plain ? url.searchParams.get('feed') === 'rss2' : path === 'feed/'
  if (route) return rest(site, route, url.searchParams, response)
  if (feed) return rss(site, Number(url.searchParams.get('paged') ?? 1), response)
  if (path === '') return front(site, response)
  if (shown(site).some((post) => site.link(post) === url.href)) return response.end('<p>')
  return response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>404</h1>')
}

function front({ home, manner }: Site, response: ServerResponse): ServerResponse {
  const root = manner.plain ? `${home}?rest_route=/` : `${home}wp-json/`
  if (manner.rest === 'open') response.setHeader('Link', `<${root}>; rel="https://api.w.org/"`)
  return response
    .setHeader('Content-Type', 'text/html')
    .end('<!doctype html><meta name="generator" content="WordPress 6.8"><title>Site</title>')
}

function fail(response: ServerResponse): ServerResponse {
  return json(response, 500, { code: 'internal_server_error', message: 'خطأ فادح', data: { status: 500 } })
}

function rest(site: Site, route: string, query: URLSearchParams, response: ServerResponse): ServerResponse {
  const { manner } = site
  if (manner.rest === 'closed') return json(response, 401, { code: 'rest_cannot_access', data: { status: 401 } })
  if (manner.rest === 'page') return response.setHeader('Content-Type', 'text/html').end('<html><p>Log in</p></html>')
  if (manner.rest === 'none') return response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>404</h1>')
  const [, number] = /^\/wp\/v2\/posts(?:\/(\d+))?$/.exec(route) ?? [undefined, undefined]
  if (route === '/') return json(response, 200, { name: 'صحيفة الميناء &amp; المدينة' })
  if (!route.startsWith('/wp/v2/posts')) return json(response, 404, { code: 'rest_no_route' })
  if (number) return single(site, Number(number), query, response)
  return list(site, query, response)
}

function single(site: Site, id: number, query: URLSearchParams, response: ServerResponse): ServerResponse {
  const post = site.posts.get(id)
  if (site.manner.single) return response.writeHead(403, { 'Content-Type': 'text/html' }).end('no')
  if (!post || post.status === 'trash') return json(response, 404, { code: 'rest_post_invalid_id' })
  if (post.status !== 'publish') return json(response, 401, { code: 'rest_forbidden' })
  if (site.manner.broken.has(id) && !query.has('_fields')) return fail(response)
  return json(response, 200, represented(site, post, query), site.manner.notice)
}

function list(site: Site, query: URLSearchParams, response: ServerResponse): ServerResponse {
  const { manner } = site
  const per = Number(query.get('per_page') ?? 10)
  if (per < 1 || per > 100 || (manner.ancient && query.get('orderby') === 'modified'))
    return json(response, 400, { code: 'rest_invalid_param' })
  const size = Math.min(per, manner.most)
  const page = Number(query.get('page') ?? 1)
  const all = manner.blank ? [] : sorted(site, query)
  const pages = Math.ceil(all.length / size)
  if (page > 1 && page > pages) return json(response, 400, { code: 'rest_post_invalid_page_number' })
  const some = all.slice((page - 1) * size, page * size)
  if (!query.has('_fields') && some.some(({ id }) => manner.broken.has(id))) return fail(response)
  response.setHeader('X-WP-Total', all.length).setHeader('X-WP-TotalPages', pages)
  return json(
    response,
    200,
    some.map((post) => represented(site, post, query)),
    manner.notice,
  )
}

function shown(site: Site): Post[] {
  return [...site.posts.values()].filter(({ status }) => status === 'publish')
}

function sorted(site: Site, query: URLSearchParams): Post[] {
  const { manner } = site
  const after = !manner.old && query.get('modified_after')
  const include = !manner.simple && query.get('include')?.split(',').map(Number)
  const by = { id: 'id', modified: manner.simple ? 'at' : 'modified' }[query.get('orderby') ?? ''] ?? 'at'
  const way = query.get('order') === 'asc' ? 1 : -1
  return shown(site)
    .filter((post) => (!after || post.modified > Date.parse(`${after}Z`)) && (!include || include.includes(post.id)))
    .sort((a, b) => way * (a[by as 'id'] - b[by as 'id'] || a.id - b.id))
}

function represented(site: Site, post: Post, query: URLSearchParams): unknown {
  const heads = { id: post.id, modified_gmt: gmt(post.modified) }
  if (query.has('_fields') && !site.manner.simple) return heads
  const locked = post.password !== undefined
  return {
    ...heads,
    date: gmt(post.at + 3 * 3_600_000),
    date_gmt: gmt(post.at),
    guid: { rendered: post.guid.replaceAll('&', '&#038;') },
    slug: post.slug,
    status: post.status,
    link: site.link(post),
    title: { rendered: locked ? `محمي: ${post.title}` : post.title },
    content: { rendered: locked ? '' : post.content, protected: locked },
    excerpt: {
      rendered: locked
        ? ''
        : post.excerpt || `<p>${post.content.replace(/<[^>]+>/g, '').slice(0, 30)} [&hellip;]</p>\n`,
      protected: locked,
    },
    sticky: post.id % 7 === 0,
    ...(query.has('_embed') && { _embedded: embedded(post) }),
  }
}

function embedded({ author, categories, tags, image }: Post): unknown {
  const term = (taxonomy: string) => (name: string, at: number) => ({ id: at + 1, name, slug: 'x', taxonomy })
  return {
    author: author
      ? [{ id: 1, name: author }]
      : [{ code: 'rest_user_invalid_id', message: 'x', data: { status: 404 } }],
    'wp:term': [categories.map(term('category')), tags.map(term('post_tag'))],
    ...(image && {
      'wp:featuredmedia': [
        { id: 5, source_url: image.url, alt_text: image.alt, caption: { rendered: `<p>${image.caption}</p>\n` } },
      ],
    }),
  }
}

function rss(site: Site, page: number, response: ServerResponse): ServerResponse {
  const all = shown(site).sort((a, b) => b.at - a.at || b.id - a.id)
  const some = all.slice((page - 1) * 10, page * 10)
  if (some.length === 0) return response.writeHead(404, { 'Content-Type': 'text/html' }).end('<h1>404</h1>')
  const items = some.map(
    (post) => `<item><title>${post.title}</title><link>${site.link(post)}</link>
<pubDate>${new Date(post.at).toUTCString()}</pubDate><guid isPermaLink="false">${post.guid.replaceAll('&', '&#038;')}</guid>
<content:encoded><![CDATA[${post.content}]]></content:encoded></item>`,
  )
  response.setHeader('Content-Type', 'application/rss+xml; charset=UTF-8')
  return response.end(`<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">
<channel><title>Site</title><link>${site.home}</link><description></description>${items.join('\n')}</channel></rss>`)
}

function json(response: ServerResponse, status: number, value: unknown, notice = ''): ServerResponse {
  return response
    .writeHead(status, { 'Content-Type': 'application/json; charset=UTF-8' })
    .end(notice + JSON.stringify(value))
}

function gmt(at: number): string {
  return new Date(at).toISOString().slice(0, 19)
}
