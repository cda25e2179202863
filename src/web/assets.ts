import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { readable } from '../colour.ts'
import { direction, say, spoken } from '../locale.ts'

/** A file that pages ask for by a name which changes with its bytes. */
export type Asset = { type: string; body: string | Uint8Array<ArrayBuffer>; lasting: boolean }

/** The paper's two grounds, as style/paper.css has them. */
const PAPER = '#fdfcf9'
export const NIGHT = '#161513'

const ARABIC = 'U+0600-06FF,U+200C-200E,U+2010-2011'
const ARABIC_MORE = 'U+0750-077F,U+0870-088E,U+0890-0891,U+0897-08FF,U+204F,U+2E41,U+FB50-FDFF,U+FE70-FEFC'
const LATIN =
  'U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,U+2000-200B,U+200F,U+2012-204E,U+2050-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD'
const LATIN_MORE =
  'U+0100-0130,U+0132-0151,U+0154-02BA,U+02BD-02C5,U+02C7-02CC,U+02CE-02D7,U+02DD-02FF,U+1E00-1E9F,U+1EF2-1EFF,U+20A0-20AB,U+20AD-20C0,U+2113'

/**
 * Family, file, weight, and which letters the file is for. The Arabic subsets hold no Latin digits: without the Latin ones
 * every date would change its face. `./fonts` holds what a package has only together with twice as much that no newspaper
 * prints, and Turkish letters that the Arabic family lacks (fonts/README.md).
 */
const FONTS = [
  ['IBM Plex Sans Arabic', 'ibm-plex-sans-arabic-arabic', 700, `${ARABIC},${ARABIC_MORE}`],
  ['IBM Plex Sans Arabic', 'ibm-plex-sans-arabic-latin', 700, LATIN],
  ['IBM Plex Sans Arabic', './fonts/ibm-plex-sans-latin-ext-700.woff2', 700, LATIN_MORE],
  ['Noto Naskh Arabic', './fonts/noto-naskh-arabic-letters-400.woff2', 400, ARABIC],
  ['Noto Naskh Arabic', 'noto-naskh-arabic-arabic', 400, ARABIC_MORE],
  ['Noto Naskh Arabic', 'noto-naskh-arabic-latin', 400, LATIN],
  ['Noto Naskh Arabic', 'noto-naskh-arabic-latin-ext', 400, LATIN_MORE],
].map(([family, file, weight, range]) => {
  const body = new Uint8Array(readFileSync(fileOf(String(file), Number(weight))))
  const name = String(file).replace(/^.*\/|-\d+\.woff2$/g, '')
  return { family, weight, range, name, body, href: `/assets/${name}-${weight}-${hash(body)}.woff2` }
}) // biome-ignore format: one table

function fileOf(file: string, weight: number): string {
  if (file.startsWith('./')) return fileURLToPath(new URL(file, import.meta.url))
  const family = file.replace(/-(arabic|latin|latin-ext)$/, '')
  return fileURLToPath(import.meta.resolve(`@fontsource/${family}/files/${file}-${weight}-normal.woff2`))
}

const faces = FONTS.map(
  ({ family, weight, href, range }) =>
    `@font-face{font-family:'${family}';font-weight:${weight};font-display:swap;src:url(${href}) format('woff2');unicode-range:${range}}`,
)
const sheets = ['paper', 'lists', 'story', 'reader', 'wishes', 'search'].map((name) =>
  readFileSync(new URL(`style/${name}.css`, import.meta.url), 'utf8'),
)
const sheet = smaller([...faces, ...sheets].join('\n'))
const sheetHash = hash(sheet)
const script = readFileSync(new URL('zone.js', import.meta.url), 'utf8')
const deskSheets = ['desk', 'desk-articles', 'desk-channels', 'desk-digests', 'desk-readers', 'desk-settings'].map(
  (name) => readFileSync(new URL(`style/${name}.css`, import.meta.url), 'utf8'),
)
const deskSheet = smaller(deskSheets.join('\n'))
const deskName = `desk-${hash(deskSheet)}.css`
const raw = readFileSync(new URL('style/feed.css', import.meta.url), 'utf8')
const feedSheets = [...spoken.map((language) => feedSheet(language, direction(language))), feedSheet('en', 'rtl')]
const fonts = new Map(FONTS.map(({ href, body }) => [href.slice('/assets/'.length), body]))

/** Where the stylesheet for a paper of this accent lies: no page needs a style of its own. */
export function style(accent: string): string {
  return `/assets/paper-${sheetHash}-${accent.slice(1)}.css`
}

/** Where the desk's own sheet lies, which follows the paper's. */
export const deskStyle = `/assets/${deskName}`

/** Where the sign of a paper of this accent lies. */
export function icon(accent: string): string {
  return `/assets/sign-${accent.slice(1)}.svg`
}

/** Where the script lies that finds the reader's time zone. */
export const zoneScript = `/assets/zone-${hash(script)}.js`

/** The two faces that a page in this direction begins with. */
export function preloads(direction: 'rtl' | 'ltr'): string[] {
  const begun = direction === 'rtl' ? /-(arabic-arabic|letters)$/ : /-latin$/
  return FONTS.filter(({ name }) => begun.test(name) && name !== 'noto-naskh-arabic-arabic').map((font) => font.href)
}

/** Where the sheet lies that makes a raw feed in this language legible. */
export function feedStyle(language: string): string {
  const known = feedSheets.find((one) => one.language === language.split('-')[0]!) ?? other(direction(language))
  return `/assets/${known.name}`
}

/** The asset of this name; undefined for a name we never gave. */
export function find(name: string): Asset | undefined {
  const font = fonts.get(name)
  if (font) return { type: 'font/woff2', body: font, lasting: true }
  if (name.startsWith('zone-')) return scriptOf(name)
  const [, feedDirection] = /^feed-(rtl|ltr)-[0-9a-f]{12}\.css$/.exec(name) ?? []
  if (feedDirection) {
    const own = feedSheets.find((one) => one.name === name)
    const { body } = own ?? other(feedDirection as 'rtl' | 'ltr')
    return { type: 'text/css; charset=utf-8', body, lasting: own !== undefined }
  }
  const [, version, sheetAccent] = /^paper-([0-9a-f]{12})-([0-9a-f]{6})\.css$/.exec(name) ?? []
  if (sheetAccent) {
    // Another version's page (machines are renewed one after another) is better served by this sheet than by none.
    return { type: 'text/css; charset=utf-8', body: coloured(`#${sheetAccent}`), lasting: version === sheetHash }
  }
  if (name === deskName) return { type: 'text/css; charset=utf-8', body: deskSheet, lasting: true }
  const [, iconAccent] = /^sign-([0-9a-f]{6})\.svg$/.exec(name) ?? []
  if (iconAccent) return { type: 'image/svg+xml', body: sign(`#${iconAccent}`), lasting: true }
  return undefined
}

/** Another version's page gets this one. */
function scriptOf(name: string): Asset | undefined {
  if (!/^zone-[0-9a-f]{12}\.js$/.test(name)) return undefined
  return { type: 'text/javascript; charset=utf-8', body: script, lasting: zoneScript.endsWith(name) }
}

/** For languages whose sentences we do not ship. */
function other(wanted: 'rtl' | 'ltr'): FeedSheet {
  return feedSheets.findLast((one) => one.language === 'en' && one.name.startsWith(`feed-${wanted}-`))!
}

type FeedSheet = { language: string; name: string; body: string }

/** A feed has no place for a sentence to the people who open it: its sheet says it, once for each language. */
function feedSheet(language: string, direction: 'rtl' | 'ltr'): FeedSheet {
  const sentence = say(language, 'feed.what').replace(/[\\"\n]/g, (sign) => `\\${sign.charCodeAt(0).toString(16)} `)
  const opening = `:root{direction:${direction}}:root::before{content:"${sentence}"}`
  const body = `${opening}${smaller([...faces, raw].join('\n'))}`
  return { language, name: `feed-${direction}-${hash(body)}.css`, body }
}

/** Without comments and the white space that only people need. */
function smaller(css: string): string {
  return css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,]) ?/g, '$1')
    .replace(/: /g, ':')
    .replaceAll(';}', '}')
}

/** The stylesheet in an accent that can be read on either ground. */
function coloured(accent: string): string {
  return `:root{--accent:${readable(accent, PAPER)};--accent-dark:${readable(accent, NIGHT)}}\n${sheet}`
}

/** A small page: a headline over three lines. */
function sign(accent: string): string {
  const lines = [25, 35, 45].map((y) => `<rect x="14" y="${y}" width="${y === 45 ? 22 : 36}" height="4"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64"><rect width="64" height="64" fill="${accent}"/><g fill="#fff" transform="matrix(-1 0 0 1 64 0)"><rect x="14" y="12" width="36" height="8"/>${lines.join('')}</g></svg>`
}

function hash(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex').slice(0, 12)
}
