import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Selectable } from 'kysely'
import { instant } from '../db/instant.ts'
import type { Db, ImageTable } from '../db/schema.ts'
import type { App } from './app.ts'
import { publicId } from './ids.ts'
import { Problem } from './problem.ts'
import { type Rendering, render } from './rendering.ts'

export { MOST_BYTES } from './rendering.ts'

/** One stored rendering of a picture; `file` is its name in the media folder and behind `/m/`. */
export type Variant = { width: number; height: number; type: string; bytes: number; file: string }

/** A picture we keep: the size of its largest rendering, and all of them (320, 640, 1200 wide, each in its kind and as WebP). */
export type Picture = { id: number; hash: string; width: number; height: number; variants: Variant[] }

/**
 * Keeps a picture in our widths, without its metadata; the same bytes are kept once.
 *
 * `drawing` says that the bytes are an SVG of ours; one from anybody else is refused (it may carry scripts).
 */
export async function keep(app: App, bytes: Buffer, drawing?: 'drawing'): Promise<Picture> {
  const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 24)
  const known = await app.db.selectFrom('image').selectAll().where('hash', '=', hash).executeTakeFirst()
  if (known && picture(known).variants.every((variant) => existsSync(join(app.config.media, variant.file))))
    return picture(known)
  const { width, height, type, renderings } = await render(bytes, drawing !== undefined)
  const row = {
    hash,
    width,
    height,
    type,
    bytes: bytes.length,
    variants: JSON.stringify(await store(app.config.media, hash, renderings)),
    created_at: instant(app.now()),
  }
  return picture(
    await app.db
      .insertInto('image')
      .values(row)
      .onConflict((conflict) => conflict.column('hash').doUpdateSet({ variants: row.variants }))
      .returningAll()
      .executeTakeFirstOrThrow(),
  )
}

/** Writes the renderings, all of them or none, each file whole, before a row tells of them. */
async function store(folder: string, hash: string, renderings: Rendering[]): Promise<Variant[]> {
  const files = renderings.map(({ data, ...rendering }) => {
    const file = `${hash}-${rendering.width}.${rendering.type === 'image/jpeg' ? 'jpg' : rendering.type.slice(6)}`
    return { data, unfinished: join(folder, `.${publicId()}`), variant: { ...rendering, bytes: data.length, file } }
  })
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const { unfinished, data } of files) await writeFile(unfinished, data, { flush: true })
    for (const { unfinished, variant } of files) await rename(unfinished, join(folder, variant.file))
  } catch (error) {
    for (const { unfinished } of files) await rm(unfinished, { force: true }).catch(() => {}) // the folder itself may be none
    const reason = (error as NodeJS.ErrnoException).code ?? 'it cannot be written'
    throw new Problem('folder-unwritable', { folder, reason }, { cause: error })
  }
  return files.map(({ variant }) => variant)
}

/** The pictures of these ids, by id. */
export async function pictures(db: Db, ids: number[]): Promise<Map<number, Picture>> {
  const rows = await db.selectFrom('image').selectAll().where('id', 'in', ids).execute()
  return new Map(rows.flatMap(sound).map((one) => [one.id, one]))
}

/** The rendering nearest to a width, in the type every client reads (JPEG or PNG). */
export function nearest(picture: Picture, width: number): Variant {
  const plain = picture.variants.filter((variant) => variant.type !== 'image/webp')
  return plain.reduce((best, variant) =>
    Math.abs(variant.width - width) < Math.abs(best.width - width) ? variant : best,
  )
}

/** The ids of the pictures with these hashes, by hash. */
export async function idsOf(db: Db, hashes: string[]): Promise<Map<string, number>> {
  if (hashes.length === 0) return new Map()
  const rows = await db.selectFrom('image').select(['id', 'hash']).where('hash', 'in', hashes.slice(0, 500)).execute()
  return new Map(rows.map(({ id, hash }) => [hash, id]))
}

/** The picture that a name behind `/m/` is a rendering of. */
export async function named(db: Db, name: string): Promise<Picture | undefined> {
  const row = await db.selectFrom('image').selectAll().where('hash', '=', name.split('-')[0]!).executeTakeFirst()
  return row && sound(row)[0]
}

/** The file behind `/m/<name>` as path and type; undefined for a name we never gave. */
export function stored(app: App, name: string): { path: string; type: string } | undefined {
  const match = /^[0-9a-f]{24}-\d{1,4}\.(jpg|png|webp)$/.exec(name)
  if (!match) return undefined
  return { path: join(app.config.media, name), type: match[1] === 'jpg' ? 'image/jpeg' : `image/${match[1]}` }
}

function picture(row: Selectable<ImageTable>): Picture {
  const { id, hash, width, height } = row
  return { id, hash, width, height, variants: JSON.parse(row.variants) as Variant[] }
}

/** A row that somebody damaged is as good as none: its story is shown without a picture. */
function sound(row: Selectable<ImageTable>): Picture[] {
  try {
    const read = picture(row)
    return Array.isArray(read.variants) && read.variants.length > 0 ? [read] : []
  } catch {
    return []
  }
}
