import * as media from '../media.ts'

const IMAGE = /<img ([^<>]*)>/g // cleaned HTML writes < and > for nothing but its tags, and quotes every value
const MOST = 100 // of one body: beyond it they stay where they lie
const LONGEST = 2000 // letters: what the cleaning lets pass, and both databases index
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"' }

/** Where the pictures of a cleaned body lie, each once: absolute http(s) addresses. */
export function sourcesIn(html: string): string[] {
  const found = new Set<string>()
  for (const [, attributes] of html.matchAll(IMAGE)) {
    const url = sourceOf(attributes!)
    if (url && /^https?:\/\//.test(url) && url.length <= LONGEST && URL.canParse(url)) found.add(url)
    if (found.size === MOST) break
  }
  return [...found]
}

/**
 * A cleaned body that shows the pictures we keep from where we keep them, with their size; `attributes` says where that is.
 * What else stands on them stays, and so do pictures that we do not keep.
 */
export function withKept(
  html: string,
  kept: ReadonlyMap<string, media.Picture> | undefined,
  attributes: (picture: media.Picture, variant: media.Variant) => string,
): string {
  if (!kept || kept.size === 0) return html
  return html.replace(IMAGE, (tag, given: string) => {
    const picture = kept.get(sourceOf(given) ?? '')
    if (!picture) return tag
    const variant = media.nearest(picture, 1200)
    const others = given.replace(/(?:^|\s)(?:src|width|height)="[^"]*"/g, '').trim()
    return `<img ${attributes(picture, variant)} width="${variant.width}" height="${variant.height}" ${others}>`
  })
}

function sourceOf(attributes: string): string | undefined {
  const [, value] = /(?:^|\s)src="([^"]*)"/.exec(attributes) ?? []
  return value?.replace(/&(amp|lt|gt|quot);/g, (_, name: string) => ENTITIES[name]!)
}
