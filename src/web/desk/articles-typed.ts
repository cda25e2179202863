import { readFile } from 'node:fs/promises'
import type { Instant } from '../../../db/instant.ts'
import type { Said } from '../../articles/index.ts'
import * as articles from '../../articles/index.ts'
import { languageTag, say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import { httpUrl, oneLine } from '../../text.ts'
import type { Typed } from '../../writing.ts'
import { fieldMoment, readMoment } from './moments.ts'
import type { Visit } from './routes.ts'

/**
 * The editor's fields: those of the text, its hour, its picture. `image` is a picture's hash, `same` for the one it has; `key`
 * is a UUID that tells this sheet, so that a second press of its button publishes nothing twice.
 */
const NAMES = [...articles.FIELDS, 'published', 'image', 'image_alt', 'image_caption', 'image_credit', 'key'] as const
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
const LONGEST_LINE = { alt: 1000, caption: 2000, credit: 500 }
const SAME = 'same'

/** The fields as somebody filled them in. */
export function typedIn(form: URLSearchParams): Typed {
  return filled(Object.fromEntries(form))
}

/** All fields, those that are missing empty. */
export function filled(some: Typed): Typed {
  const typed = Object.fromEntries(NAMES.map((name) => [name, some[name] ?? '']))
  return { ...typed, key: keyOf(typed) ?? '' }
}

/** The key of a sheet; undefined for none, and for what is no UUID. */
export function keyOf({ key = '' }: Typed): string | undefined {
  return UUID.test(key) ? key : undefined
}

/** The key of the sheet that a form was, as `keyOf` has it. */
export function keyIn(form: URLSearchParams): string | undefined {
  return keyOf({ key: form.get('key') ?? '' })
}

/** The fields of an article as it stands; moments are in the site's zone. */
export function typedOf(said: Said, zone: string): Typed {
  const { image, published_at } = said
  return {
    ...articles.fieldsOf(said),
    published: published_at === undefined ? '' : fieldMoment(published_at, zone),
    image: image ? SAME : '',
    image_alt: image?.alt ?? '',
    image_caption: image?.caption ?? '',
    image_credit: image?.credit ?? '',
  }
}

/** What was typed, checked: a Problem for what cannot be published. `before` is what the article says until now. */
export async function saidIn(visit: Visit, typed: Typed, zone: string, before?: Said): Promise<Said> {
  const fields = typed as articles.Fields
  const image = await imageIn(visit, typed, before?.image)
  const published_at = momentIn(typed, zone, before?.published_at)
  return {
    ...articles.saidIn(fields, visit.app.config.url, before),
    ...(published_at !== undefined && { published_at }),
    ...(image && { image }),
  }
}

/** What was typed as far as it can be shown: for looking at, whatever is still missing or cannot be published so. */
export async function sketchIn(visit: Visit, typed: Typed, zone: string, before?: Said): Promise<Said> {
  const { app, language } = visit
  const image = await imageIn(visit, typed, before?.image, false)
  const published_at = readMoment(typed['published'] ?? '', zone) ?? before?.published_at
  const shown = {
    ...(typed as articles.Fields),
    title: oneLine(typed['title'] ?? '') || say(language, 'desk.articles-untitled'),
    language: tagOr(typed['language'], (await site.show(app, app.read)).language),
    url: httpUrl(typed['url'] ?? '') ?? '',
  }
  return {
    ...articles.saidIn(shown, app.config.url, before),
    ...(published_at !== undefined && { published_at }),
    ...(image && { image }),
  }
}

/** A language's tag as it is spelled; `otherwise` for what is none. */
export function tagOr(tag: string | null | undefined, otherwise: string): string {
  try {
    return languageTag(tag || otherwise)
  } catch {
    return otherwise
  }
}

/** Keeps a picture that came with the form, and puts its hash among what was typed; its words are needed with it. */
export async function keepPicture({ app, files, form }: Visit, typed: Typed): Promise<void> {
  if (form.get('image_gone')) Object.assign(typed, { image: '', image_alt: '', image_caption: '', image_credit: '' })
  const file = files.find(({ field }) => field === 'picture')
  if (file) typed['image'] = (await media.keep(app, await readFile(file.path))).hash
}

function momentIn({ published = '' }: Typed, zone: string, before?: Instant): Instant | undefined {
  if (!published.trim()) return before
  if (before !== undefined && published === fieldMoment(before, zone)) return before
  const at = readMoment(published, zone)
  if (at === undefined) throw new Problem('bad-date', { value: oneLine(published).slice(0, 60) })
  return at
}

type Image = Said['image']

/** `whole`: a picture without words is a Problem, and one that is not here. */
async function imageIn({ app }: Visit, typed: Typed, before: Image, whole = true): Promise<Image> {
  const { image = '' } = typed
  if (image === '' || (image === SAME && !before)) return undefined
  const words = {
    ...line(typed, 'alt', before),
    ...line(typed, 'caption', before),
    ...line(typed, 'credit', before),
  }
  if (image === SAME) {
    const { url, id } = before!
    return { ...(url !== undefined && { url }), ...(id !== undefined && { id }), ...words }
  }
  const id = (await media.idsOf(app.db, [image])).get(image)
  if (id === undefined && !whole) return undefined
  if (id === undefined) throw new Problem('image-unusable', { reason: 'it is not here' })
  if (!words.alt && whole) throw new Problem('alt-missing')
  return { id, ...words }
}

function line(typed: Typed, name: keyof typeof LONGEST_LINE, before: Image): NonNullable<Image> {
  const text = typed[`image_${name}`] ?? ''
  if (before && text === before[name]) return { [name]: before[name] }
  const words = oneLine(text)
  const most = LONGEST_LINE[name]
  if (words.length > most) throw new Problem('text-too-long', { name, most })
  return words ? { [name]: words } : {}
}
