import { httpUrl } from '../text.ts'
import { type Answer, ask, posts, type Turn } from './asking.ts'
import { readHeads } from './rest.ts'

/** Where a site's posts are to be had, or why nowhere: `closed` for good reason, or in trouble for now. */
export type Found = { api: string; total: number | undefined } | { closed: string } | { trouble: Answer }

const REL = /<([^<>]{1,2000})>\s*;[^,]*rel="?https:\/\/api\.w\.org\/"?/
const TELLING = 'https://api.w.org/'
const LONGEST_TAG = 1000
const HREF = /\bhref=(?:"([^"]+)"|'([^']+)'|([^\s>]+))/i

/** Looks for the list of posts of a site's REST API: where its home says, then where WordPress has it. */
export async function find(turn: Turn, home: string): Promise<Found> {
  const front = await ask(turn, home, 'text/html')
  if (front.kind === 'busy' || front.kind === 'silent' || front.kind === 'broken') return { trouble: front }
  const told = front.kind === 'ok' ? linked(front) : undefined
  let closed = ''
  for (const root of new Set([...(told ? [told] : []), `${home}wp-json/`, `${home}?rest_route=/`])) {
    const api = postsOf(root)
    const answer = await ask(turn, posts(api, { per_page: 1, _fields: 'id,modified_gmt' }))
    if (answer.kind === 'busy' || answer.kind === 'silent') return { trouble: answer }
    if (answer.kind === 'ok' && readHeads(answer.body)) return { api: moved(api, answer.url), total: answer.total }
    closed ||= answer.kind === 'ok' ? 'what it answers is no list of posts' : answer.reason
  }
  return { closed }
}

/** The site's address as a folder. */
export function homeOf(address: string): string {
  return address.replace(/[?#].*$/, '').replace(/(?:\/index\.php)?\/*$/, '/')
}

/** RFC 8288, or the same in HTML: WordPress names its API in both. */
function linked(answer: Answer & { kind: 'ok' }): string | undefined {
  const [, header] = REL.exec(answer.link) ?? []
  if (header) return httpUrl(header, answer.url)
  const [, double, single, bare] = HREF.exec(tellingTag(answer.body.subarray(0, 200_000).toString())) ?? []
  const href = double ?? single ?? bare
  return href ? httpUrl(href.replace(/&(?:#0?38|amp);/g, '&'), answer.url) : undefined
}

function tellingTag(html: string): string {
  const told = html.indexOf(TELLING)
  const start = html.lastIndexOf('<link', told)
  const end = html.indexOf('>', told)
  return told < 0 || start < 0 || end < 0 || end - start > LONGEST_TAG ? '' : html.slice(start, end)
}

function postsOf(root: string): string {
  const url = new URL(root)
  const route = url.searchParams.get('rest_route')
  if (route === null) url.pathname = `${url.pathname.replace(/\/*$/, '/')}wp/v2/posts`
  else url.searchParams.set('rest_route', '/wp/v2/posts')
  return url.href
}

/** Where the site has moved its API to (https, www): the address that answered, without our question. */
function moved(api: string, answered: string): string {
  const url = new URL(answered)
  for (const name of ['per_page', '_fields']) url.searchParams.delete(name)
  return /wp\/v2\/posts\/?$/.test(url.searchParams.get('rest_route') ?? url.pathname) ? url.href : api
}
