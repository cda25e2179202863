import { escaped } from '../text.ts'
import type { Attachment } from './wxr-survey.ts'

const SHORTCODE = /\[\[[^[\]]{1,2000}\]\]|\[(\/?)([a-z][\w-]{0,60})((?:\s[^[\]]{0,4000}?)?)\/?\]/gi
const KNOWN = new Set(['gallery', 'playlist', 'toc', 'more', 'audio', 'video', 'embed', 'caption', 'wp_caption', 'youtube', 'vimeo', 'twitter', 'ad', 'ads']) // biome-ignore format: one list
const MOST_PICTURES = 100 // of a gallery
const ALONE = /^(?:p|h[1-6]|ul|ol|dl|table|pre|figure|hr|form|iframe|video|audio)$/i
const AROUND = /^(?:div|blockquote|section|article|aside|header|footer|center|address|main)$/i
const TAG = /<(\/?)([a-z][a-z0-9]*)(?:\s[^<>]*)?>/gi
const BLOCK = /^<\/?(?:p|div|h[1-6]|[uod]l|li|d[td]|blockquote|figure|figcaption|table|t[rhd]|thead|tbody|tfoot|caption|pre|section|article|aside|header|footer|center|address|main|hr|form|iframe|video|audio)[\s>/]/i // biome-ignore format: one list

/**
 * The HTML that WordPress makes of a post as it is stored: shortcodes and the editor's comments are gone, blank lines have
 * become paragraphs. It is not cleaned yet.
 */
export function bodyOf(stored: string, attachments: Map<number, Attachment>): string {
  return paragraphs(withoutShortcodes(withoutComments(stored.replaceAll('\r\n', '\n')), attachments))
}

/** The numbers of the pictures in a post's galleries. */
export function galleryIds(stored: string): number[] {
  if (!stored.includes('[gallery')) return []
  return [...stored.matchAll(/\[gallery\s([^[\]]{0,4000})\]/gi)].flatMap(([, given]) => idsIn(given!))
}

function idsIn(given: string): number[] {
  return (attribute(given, 'ids') ?? attribute(given, 'include') ?? '')
    .split(',')
    .slice(0, MOST_PICTURES)
    .map(Number)
    .filter((id) => Number.isSafeInteger(id) && id > 0)
}

/** Without `<!-- wp:paragraph {…} -->`, `<!--more-->` and other comments; one without an end is only opened no more. */
function withoutComments(text: string): string {
  const kept: string[] = []
  let at = 0
  for (let start = text.indexOf('<!--'); start >= 0; start = text.indexOf('<!--', at)) {
    kept.push(text.slice(at, start))
    const end = text.indexOf('-->', start)
    if (end < 0) return kept.join('') + text.slice(start).replaceAll('<!--', '')
    at = end + 3
  }
  return kept.join('') + text.slice(at)
}

/** Captions become figures, galleries their pictures, players and embeds links; other shortcodes go, what they enclose stays. */
function withoutShortcodes(text: string, attachments: Map<number, Attachment>): string {
  const closed = new Set([...text.matchAll(/\[\/([a-z][\w-]{0,60})\]/gi)].map(([, name]) => name!.toLowerCase()))
  const kept: string[] = []
  let caption: { from: number; given: string } | undefined
  let at = 0
  for (const { 0: whole, 1: end, 2: called = '', 3: given = '', index } of text.matchAll(SHORTCODE)) {
    kept.push(text.slice(at, index))
    at = index + whole.length
    const name = called.toLowerCase()
    if (!name) kept.push(whole.slice(1, -1))
    else if (!isShortcode(name, given, closed)) kept.push(whole)
    else if (/caption$/.test(name)) {
      if (!end) caption = { from: kept.length, given }
      else if (caption) kept.push(figure(kept.splice(caption.from).join(''), caption.given))
      if (end) caption = undefined
    } else if (name === 'gallery') kept.push(gallery(given, attachments))
    else if (name === 'embed') kept.push('\n\n')
    else if (!end && /^(?:audio|video)$/.test(name)) kept.push(player(given))
  }
  return kept.join('') + text.slice(at)
}

/** Square brackets are also just that: `[sic]` stays. */
function isShortcode(name: string, given: string, closed: Set<string>): boolean {
  return KNOWN.has(name) || closed.has(name) || /[\w-]=/.test(given) || /\w[-_]\w/.test(name)
}

/** A caption's picture, and its words: they stand after it, or in very old posts in the shortcode itself. */
function figure(inner: string, given: string): string {
  const [, picture, words] = /^\s*((?:<a\s[^<>]*>\s*)?<img\s[^<>]*>(?:\s*<\/a>)?)([\s\S]*)$/i.exec(inner) ?? []
  if (picture === undefined) return inner
  const said = (words ?? '').trim() || attribute(given, 'caption') || ''
  return `\n\n<figure>${picture}${said && `<figcaption>${said.replaceAll('\n', ' ')}</figcaption>`}</figure>\n\n`
}

function gallery(given: string, attachments: Map<number, Attachment>): string {
  const pictures = idsIn(given).flatMap((id) => attachments.get(id) ?? [])
  return `\n\n${pictures
    .map(({ url, alt, caption }) => {
      const words = caption && `<figcaption>${caption}</figcaption>`
      return `<figure><img src="${escaped(url)}" alt="${escaped(alt)}">${words}</figure>`
    })
    .join('\n\n')}\n\n`
}

function player(given: string): string {
  const [, url] =
    /(?:^|\s)(?:src|mp3|m4a|ogg|wav|flac|wma|mp4|m4v|webm|ogv|flv)=["']?(https?:[^\s"']+)/i.exec(given) ?? []
  return url ? `\n\n${url}\n\n` : ''
}

function attribute(given: string, name: string): string | undefined {
  const [, double, single, bare] =
    new RegExp(`(?:^|\\s)${name}=(?:"([^"]*)"|'([^']*)'|([^\\s"']+))`, 'i').exec(given) ?? []
  return double ?? single ?? bare
}

/** Blank lines part paragraphs, single ones lines; an address alone on its line is a link. What is a block already stays. */
function paragraphs(text: string): string {
  return outsidePre(text, (part) =>
    set(part)
      .split(/\n[ \t\u00a0]*\n\s*/)
      .map((chunk) => chunk.trim())
      .filter(Boolean)
      .map((chunk) => {
        if (BLOCK.test(chunk)) return chunk
        if (/^https?:\/\/[^\s<>"]+$/i.test(chunk)) return `<p><a href="${chunk}">${chunk}</a></p>`
        return `<p>${chunk.replace(/(?:<br\s*\/?>)?\n/gi, '<br>\n')}</p>`
      })
      .join('\n'),
  )
}

/** With blank lines around blocks that stand alone, and on both sides of what begins and ends one that holds others. */
function set(text: string): string {
  return text.replace(TAG, (tag, end: string, name: string) => {
    if (AROUND.test(name)) return `\n\n${tag}\n\n`
    if (!ALONE.test(name)) return tag
    return end || name.toLowerCase() === 'hr' ? `${tag}\n\n` : `\n\n${tag}`
  })
}

function outsidePre(text: string, change: (part: string) => string): string {
  const made: string[] = []
  const closing = /<\/pre>/gi
  let at = 0
  for (const { index } of text.matchAll(/<pre[\s>]/gi)) {
    if (index < at) continue
    closing.lastIndex = index
    if (!closing.test(text)) break
    made.push(change(text.slice(at, index)), text.slice(index, closing.lastIndex))
    at = closing.lastIndex
  }
  made.push(change(text.slice(at)))
  return made.filter(Boolean).join('\n')
}
