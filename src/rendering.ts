import type { Metadata, Sharp, SharpOptions } from 'sharp'
import { Problem } from './problem.ts'

/** A picture in our widths: size and kind of the largest, and the bytes of each. */
export type Rendered = { width: number; height: number; type: string; renderings: Rendering[] }

export type Rendering = { width: number; height: number; type: string; data: Buffer }

/** Larger files are no pictures of ours. */
export const MOST_BYTES = 20_000_000

const WIDTHS = [320, 640, 1200]
const MOST_PIXELS = 50_000_000
const MOST_DEEP_PIXELS = 25_000_000 // of AVIF and of 16 bits a sample, which take twice the memory and more
const MOST_FRAMES = 1000
const TALLEST = 16_383 // pixels at our widths: WebP knows no more
const SECONDS = 20 // for each of the steps

/** How files begin that we take. Anything else is not even looked at: an SVG may carry scripts, bombs, names of files. */
const BEGINNINGS = [
  /^\xff\xd8\xff/s,
  /^\x89PNG\r\n\x1a\n/s,
  /^GIF8[79]a/s,
  /^RIFF....WEBP/s,
  /^....ftyp(avif|avis|mif1|msf1)/s,
  /^(II\*\0|MM\0\*)/s,
]

let last: Promise<unknown> = Promise.resolve()

/**
 * Draws a picture 320, 640 and 1200 wide, smaller ones not enlarged, upright and in sRGB, each in its kind (PNG for what
 * was PNG or GIF or is see-through, else JPEG) and as WebP. Nothing but the pixels is kept: no EXIF, place or profile.
 *
 * One at a time in this process, so that it has hands left to answer readers. Throws Problem `image-unusable`.
 */
export function render(bytes: Buffer, drawing: boolean): Promise<Rendered> {
  const turn = last.then(() => draw(bytes, drawing))
  last = turn.catch(() => {})
  return turn
}

async function draw(bytes: Buffer, drawing: boolean): Promise<Rendered> {
  const { default: sharp } = await import('sharp') // loaded where pictures are kept, not at every start
  sharp.concurrency(1)
  sharp.cache(false)
  const open = (input: Buffer, options?: SharpOptions) => sharp(input, options).timeout({ seconds: SECONDS })
  try {
    if (bytes.length > MOST_BYTES) throw new Error(`it is larger than ${MOST_BYTES} bytes`)
    if (!drawing && !BEGINNINGS.some((one) => one.test(bytes.toString('latin1', 0, 16))))
      throw new Error('it is of no kind that is taken')
    const image = open(bytes, { limitInputPixels: MOST_PIXELS, failOn: 'error' })
    const metadata = await image.metadata()
    check(metadata)
    const largest = image
      .autoOrient()
      .resize({ width: WIDTHS.at(-1)!, withoutEnlargement: !drawing })
      .toColourspace('srgb')
      .raw()
    const { data, info } = await largest.toBuffer({ resolveWithObject: true }) // decoded, turned and drawn once
    const opaque = (await open(data, { raw: info }).stats()).isOpaque
    const type = opaque && !['png', 'gif'].includes(metadata.format) ? 'image/jpeg' : 'image/png'
    const renderings: Rendering[] = []
    for (const width of new Set(WIDTHS.map((wanted) => Math.min(wanted, info.width)))) {
      const sized = open(data, { raw: info }).resize({ width })
      for (const kind of [type, 'image/webp']) {
        const made = await encoded(opaque ? sized.clone().removeAlpha() : sized.clone(), kind).toBuffer({
          resolveWithObject: true,
        })
        renderings.push({ width: made.info.width, height: made.info.height, type: kind, data: made.data })
      }
    }
    return { width: info.width, height: info.height, type, renderings }
  } catch (error) {
    throw new Problem('image-unusable', { reason: (error as Error).message.split('\n')[0]! }, { cause: error })
  }
}

/** What the file says of itself, before its pixels are read. */
function check({ width, height, format, depth, pages = 1, autoOrient }: Metadata): void {
  const most = format === 'heif' || depth !== 'uchar' ? MOST_DEEP_PIXELS : MOST_PIXELS
  if (width * height > most) throw new Error(`it has more than ${most} pixels`)
  if (pages > MOST_FRAMES) throw new Error(`it has more than ${MOST_FRAMES} frames`)
  const scale = Math.min(1, WIDTHS.at(-1)! / autoOrient.width)
  if (autoOrient.height * scale > TALLEST) throw new Error('it is too tall for its width')
}

function encoded(image: Sharp, type: string): Sharp {
  if (type === 'image/webp') return image.webp({ quality: 78, effort: 3 })
  return type === 'image/png' ? image.png({ palette: true }) : image.jpeg({ quality: 80, mozjpeg: true })
}
