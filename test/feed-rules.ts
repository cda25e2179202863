import { z } from 'zod'
import { childrenOf, type Element, parseXml } from './xml.ts'

const text1 = z.string().min(1)
const moment = z.iso.datetime({ offset: true })
const web = z.url({ protocol: /^https?$/ })
const author = z
  .strictObject({ name: text1.optional(), url: web.optional(), avatar: web.optional() })
  .refine((one) => Object.keys(one).length > 0)
const attachment = z.strictObject({
  url: web,
  mime_type: text1,
  title: text1.optional(),
  size_in_bytes: z.int().positive().optional(),
  duration_in_seconds: z.number().optional(),
})

/** JSON Feed 1.1 (jsonfeed.org/version/1.1), nothing beyond it. */
export const JsonFeed = z.strictObject({
  version: z.literal('https://jsonfeed.org/version/1.1'),
  title: text1,
  home_page_url: web.optional(),
  feed_url: web.optional(),
  description: text1.optional(),
  user_comment: text1.optional(),
  next_url: web.optional(),
  icon: web.optional(),
  favicon: web.optional(),
  authors: z.array(author).min(1).optional(),
  language: text1.optional(),
  expired: z.boolean().optional(),
  hubs: z.array(z.strictObject({ type: text1, url: web })).optional(),
  items: z.array(
    z.strictObject({
      id: text1,
      url: web.optional(),
      external_url: web.optional(),
      title: text1.optional(),
      content_html: z.string(),
      summary: text1.optional(),
      image: web.optional(),
      banner_image: web.optional(),
      date_published: moment.optional(),
      date_modified: moment.optional(),
      authors: z.array(author).min(1).optional(),
      tags: z.array(text1).optional(),
      language: text1.optional(),
      attachments: z.array(attachment).min(1).optional(),
    }),
  ),
})

const RFC822 =
  /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} \d\d:\d\d:\d\d GMT$/
const WEB = /^https?:\/\/[^\s/]+\/\S*$/
const MIME = /^[a-z]+\/[a-z0-9.+-]+$/
const OF_CHANNEL =
  'title link description language copyright managingEditor webMaster pubDate lastBuildDate category generator docs cloud ttl image rating textInput skipHours skipDays item'.split(
    ' ',
  )
const OF_ITEM = 'title link description author category comments enclosure guid pubDate source'.split(' ')
const REPEATED = ['category', 'item', 'dc:creator', 'atom:link', 'media:content']

/** What the RSS Advisory Board's Best Practices Profile would say against a document that was asked for at this address. */
export function rssFaults(xml: string, address: string): string[] {
  const root = parseXml(xml)
  const [channel, ...more] = root.children
  if (root.name !== 'rss' || root.attributes['version'] !== '2.0' || channel?.name !== 'channel' || more.length > 0)
    return ['not an RSS 2.0 document with one channel']
  const items = childrenOf(channel, 'item')
  const guids = items.map((item) => childrenOf(item, 'guid')[0]?.text)
  return [
    ...prefixFaults(root, new Set(Object.keys(root.attributes).map((name) => name.replace('xmlns:', '')))),
    ...known(channel, OF_CHANNEL),
    ...once(channel),
    ...must(channel, ['title', 'link', 'description'], /\S/),
    ...must(channel, ['link'], WEB),
    ...must(channel, ['lastBuildDate'], RFC822),
    ...must(channel, ['language'], /^[a-z]{2,3}(-[A-Za-z0-9]+)*$/),
    ...must(channel, ['ttl'], /^\d+$/),
    ...selfFaults(channel, address),
    ...childrenOf(channel, 'image').flatMap((image) => imageFaults(image, channel)),
    ...(new Set(guids).size === guids.length ? [] : ['a guid twice']),
    ...items.flatMap(itemFaults),
  ]
}

function itemFaults(item: Element): string[] {
  const guid = childrenOf(item, 'guid')[0]
  const names = item.children.map((child) => child.name)
  return [
    ...known(item, OF_ITEM),
    ...once(item),
    ...must(item, ['title', 'guid'], /\S/),
    ...must(item, ['link'], WEB),
    ...must(item, ['pubDate'], RFC822),
    ...(guid?.attributes['isPermaLink'] === 'false' || WEB.test(guid?.text ?? '')
      ? []
      : ['a guid that is no permalink']),
    ...(names.includes('author') ? ['an author that is no address'] : []),
    ...(names.includes('description') &&
    names.indexOf('content:encoded') > -1 &&
    names.indexOf('content:encoded') < names.indexOf('description')
      ? ['content:encoded before description']
      : []),
    ...childrenOf(item, 'enclosure').flatMap(({ attributes }) =>
      WEB.test(attributes['url'] ?? '') &&
      /^[1-9]\d*$/.test(attributes['length'] ?? '') &&
      MIME.test(attributes['type'] ?? '')
        ? []
        : ['an enclosure without url, length or type'],
    ),
    ...childrenOf(item, 'category').flatMap(({ text }) => (text.trim() ? [] : ['an empty category'])),
    ...item.children
      .filter(({ name }) => name === 'description' || name === 'content:encoded')
      .flatMap(({ text }) => htmlFaults(text)),
  ]
}

/** Addresses in HTML that mean nothing to a reader, and what no reader should be given. */
function htmlFaults(html: string): string[] {
  const addresses = [...html.matchAll(/\s(?:href|src)="([^"]*)"/g)].map((match) => match[1]!)
  return [
    ...addresses.filter((one) => !/^(https?:\/\/|mailto:)/.test(one)).map((one) => `a relative address: ${one}`),
    ...(/<(script|style|iframe|object|embed)\b|\son[a-z]+=/i.test(html.replace(/"[^"]*"/g, '""')) ? ['a script'] : []),
  ]
}

function selfFaults(channel: Element, address: string): string[] {
  const links = childrenOf(channel, 'atom:link')
  const own = links.filter((link) => link.attributes['rel'] === 'self').map((link) => link.attributes['href'])
  return [
    ...(own.length === 1 && own[0] === address ? [] : [`self is ${own.join(' and ')}, asked was ${address}`]),
    ...links.filter((link) => !WEB.test(link.attributes['href'] ?? '')).map(() => 'a link that is not absolute'),
  ]
}

function imageFaults(image: Element, channel: Element): string[] {
  const of = (element: Element, name: string) => childrenOf(element, name)[0]?.text
  return [
    ...must(image, ['url'], WEB),
    ...['title', 'link'].filter((name) => of(image, name) !== of(channel, name)).map((name) => `the image's ${name}`),
  ]
}

function must(element: Element, names: string[], pattern: RegExp): string[] {
  return names
    .filter((name) => !pattern.test(childrenOf(element, name)[0]?.text ?? ''))
    .map((name) => `${element.name} has no good ${name}: ${childrenOf(element, name)[0]?.text}`)
}

function known(element: Element, names: string[]): string[] {
  return element.children
    .filter(({ name }) => !name.includes(':') && !names.includes(name))
    .map(({ name }) => `${element.name} may have no ${name}`)
}

function once(element: Element): string[] {
  const names = element.children.map((child) => child.name)
  return [...new Set(names)]
    .filter((name) => !REPEATED.includes(name) && names.indexOf(name) !== names.lastIndexOf(name))
    .map((name) => `${element.name} has ${name} more than once`)
}

function prefixFaults(element: Element, declared: Set<string>): string[] {
  const prefix = element.name.includes(':') ? element.name.split(':')[0]! : undefined
  const own = prefix && !declared.has(prefix) ? [`${element.name} without its namespace`] : []
  return [...own, ...element.children.flatMap((child) => prefixFaults(child, declared))]
}
