import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Selectable } from 'kysely'
import type { Sharp } from 'sharp'
import { instant } from '../db/instant.ts'
import type { Db, ImageTable } from '../db/schema.ts'
import type { App } from './app.ts'
import { publicId } from './ids.ts'
import { Problem } from './problem.ts'

/** One stored rendering of a picture; `file` is its name in the media folder and behind `/m/`. */
export type Variant = { width: number; height: number; type: string; bytes: number; file: string }

/** A picture we keep: its true size, and its renderings (320, 640, 1200 wide, each as JPEG or PNG and as WebP). */
export type Picture = { id: number; hash: string; width: number; height: number; variants: Variant[] }

const WIDTHS = [320, 640, 1200]
const RASTER = ['jpeg', 'png', 'webp', 'gif', 'avif', 'heif', 'tiff']
const MOST_PIXELS = 50_000_000

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
  const rendered = await render(bytes, drawing !== undefined)
  await mkdir(app.config.media, { recursive: true, mode: 0o700 })
  const variants: Variant[] = []
  for (const { data, ...variant } of rendered.variants) {
    const file = `${hash}-${variant.width}.${variant.type === 'image/jpeg' ? 'jpg' : variant.type.slice(6)}`
    const unfinished = join(app.config.media, `.${publicId()}`)
    await writeFile(unfinished, data, { flush: true })
    await rename(unfinished, join(app.config.media, file))
    variants.push({ ...variant, bytes: data.length, file })
  }
  const { width, height, type } = rendered
  const row = {
    hash,
    width,
    height,
    type,
    bytes: bytes.length,
    variants: JSON.stringify(variants),
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

/** The pictures of these ids, by id. */
export async function pictures(db: Db, ids: number[]): Promise<Map<number, Picture>> {
  const rows = await db.selectFrom('image').selectAll().where('id', 'in', ids).execute()
  return new Map(rows.map((row) => [row.id, picture(row)]))
}

/** The rendering nearest to a width, in the type every client reads (JPEG or PNG). */
export function nearest(picture: Picture, width: number): Variant {
  const plain = picture.variants.filter((variant) => variant.type !== 'image/webp')
  return plain.reduce((best, variant) =>
    Math.abs(variant.width - width) < Math.abs(best.width - width) ? variant : best,
  )
}

/** The file behind `/m/<name>` as path and type; undefined for a name we never gave. */
export function stored(app: App, name: string): { path: string; type: string } | undefined {
  const match = /^[0-9a-f]{24}-\d{1,4}\.(jpg|png|webp)$/.exec(name)
  if (!match) return undefined
  return { path: join(app.config.media, name), type: match[1] === 'jpg' ? 'image/jpeg' : `image/${match[1]}` }
}

function picture(row: Selectable<ImageTable>): Picture {
  return {
    id: row.id,
    hash: row.hash,
    width: row.width,
    height: row.height,
    variants: JSON.parse(row.variants) as Variant[],
  }
}

type Rendered = {
  width: number
  height: number
  type: string
  variants: (Omit<Variant, 'bytes' | 'file'> & { data: Buffer })[]
}

async function render(bytes: Buffer, drawing: boolean): Promise<Rendered> {
  const { default: sharp } = await import('sharp') // loaded where pictures are kept, not at every start
  try {
    const image = sharp(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    const { format } = await image.metadata()
    const drawn = drawing && format === 'svg'
    if (!drawn && !RASTER.includes(format)) throw new Error(`${format} is not taken`)
    const largest = image
      .rotate()
      .resize({ width: WIDTHS.at(-1)!, withoutEnlargement: !drawn })
      .toColourspace('srgb')
      .raw()
    const { data, info } = await largest.toBuffer({ resolveWithObject: true }) // decoded, turned and drawn once
    const opaque = (await sharp(data, { raw: info }).stats()).isOpaque
    const type = opaque ? 'image/jpeg' : 'image/png'
    const variants: Rendered['variants'] = []
    for (const width of new Set(WIDTHS.map((wanted) => Math.min(wanted, info.width)))) {
      const sized = sharp(data, { raw: info }).resize({ width })
      for (const kind of [type, 'image/webp']) {
        const made = await encoded(opaque ? sized.clone().removeAlpha() : sized.clone(), kind).toBuffer({
          resolveWithObject: true,
        })
        variants.push({ width: made.info.width, height: made.info.height, type: kind, data: made.data })
      }
    }
    return { width: info.width, height: info.height, type, variants }
  } catch (error) {
    throw new Problem('image-unusable', { reason: (error as Error).message.split('\n')[0]! }, { cause: error })
  }
}

function encoded(image: Sharp, type: string): Sharp {
  if (type === 'image/webp') return image.webp({ quality: 78, effort: 3 })
  return type === 'image/png' ? image.png({ palette: true }) : image.jpeg({ quality: 80, mozjpeg: true })
}
