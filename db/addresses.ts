/*
 * Where a story stood before it came to us, in one spelling: what `article_address` holds and what a request for it asks.
 * It lies beside the migrations because the one that makes the table fills it.
 */

const LONGEST_PATH = 8000 // letters: an Arabic slug that was encoded twice is long, a request cannot be much longer
const MOST = 800 // letters of an address: PostgreSQL's indexes take no more than 2,700 bytes
const POST = /[?&](?:#0?38;|amp;)?(?:p|page_id)=0*([1-9]\d{0,11})$/

/** All addresses that a story had by its url and guid, whatever scheme and host they name. */
export function addressesOf({ guid, url }: { guid: string; url: string | null }): string[] {
  const found = [url, guid].flatMap((text) => (text === null ? [] : [addressOf(text)]))
  return [...new Set(found.filter((address) => address !== undefined))]
}

/** The address of a WordPress number: posts and pages share their numbers. */
export function numbered(number: string | number): string {
  return `?p=${number}`
}

/** A path without a last slash, percent-decoded; undefined for the root and for what no story's path can be. */
export function pathAddress(path: string): string | undefined {
  const address = segmentsOf(path)
    .map((segment) => `/${segment}`)
    .join('')
  return address === '' || /\p{Cc}/u.test(address) ? undefined : address.slice(0, MOST).toWellFormed()
}

/**
 * The parts of a path, percent-decoded as often as it was encoded, and without what a cut in the middle of a letter leaves
 * at the end of one; none if the path is longer than any of ours.
 */
export function segmentsOf(path: string): string[] {
  if (path.length > LONGEST_PATH) return []
  const segments = decoded(path)
    .split('/')
    .map((segment) => segment.replace(/(?:%[0-9a-f]?|\ufffd)+$/i, ''))
    .filter(Boolean)
  return segments[0] === 'index.php' ? segments.slice(1) : segments
}

/** Percent-decoded as often as it was encoded (three times at most); what is no UTF-8 becomes U+FFFD. */
export function decoded(text: string): string {
  let before = ''
  let now = text
  for (let pass = 0; pass < 3 && now !== before; pass++) {
    before = now
    now = before.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString())
  }
  return now.normalize('NFC')
}

function addressOf(text: string): string | undefined {
  const [, number] = POST.exec(text) ?? []
  if (number) return numbered(number)
  if (!/^https?:\/\//i.test(text) || !URL.canParse(text)) return undefined
  const { pathname, searchParams } = new URL(text)
  const counted = [...searchParams.keys()].every((name) => name.startsWith('utm_'))
  return counted ? pathAddress(pathname) : undefined // story.php?id=5 is another story than story.php?id=6
}

const RENDITION = /-\d{1,5}x\d{1,5}(?=\.[a-z]{3,4}$)/i
const SIZED = /(?:-\d{1,5}x\d{1,5}|-scaled)+(?=\.[a-z]{3,4}$)/i

/** Where WordPress keeps the original of a picture that stands here in one of its sizes; the same address for all others. */
export function original(url: string): string {
  const { href, pathname } = new URL(url)
  if (!pathname.includes('/wp-content/uploads/') || !RENDITION.test(pathname)) return url
  return href.replace(pathname, pathname.replace(RENDITION, ''))
}

/** A picture's path in the one spelling that all its sizes share; undefined for what is no picture's. */
export function imageAddress(path: string): string | undefined {
  const address = pathAddress(path)
  return address && /\.(?:jpe?g|png|gif|webp|avif|bmp|tiff?)$/i.test(address) ? address.replace(SIZED, '') : undefined
}
