import { join } from 'node:path'
import type { App } from './app.ts'
import { contrast } from './colour.ts'
import type { Picture } from './media.ts'

const LEGIBLE = 3 // how far ink must stand out (WCAG 1.4.11)
const legibilities = new Map<string, Promise<boolean>>() // by picture and ground: a paper has one logo at a time

/** Whether a picture with a transparent ground can be seen on this one: all but specks of its ink stands out. */
export async function legibleOn(app: Pick<App, 'config'>, picture: Picture, ground: string): Promise<boolean> {
  const smallest = picture.variants.find((variant) => variant.type === 'image/png')
  if (!smallest) return true // it brings its own ground
  const name = `${picture.hash} ${ground}`
  if (legibilities.size > 100) legibilities.clear()
  const known = legibilities.get(name) ?? inkStandsOut(join(app.config.media, smallest.file), ground)
  legibilities.set(name, known)
  return known
}

async function inkStandsOut(file: string, ground: string): Promise<boolean> {
  const { default: sharp } = await import('sharp') // loaded for a transparent logo, once
  const data = await sharp(file)
    .ensureAlpha()
    .raw()
    .toBuffer()
    .catch(() => Buffer.alloc(0)) // a lost picture gets the ground that is safe for any
  const inks = new Map<string, number>()
  for (let at = 0; at < data.length; at += 4) {
    const ink = `#${data.toString('hex', at, at + 3)}`
    inks.set(ink, (inks.get(ink) ?? 0) + data[at + 3]!)
  }
  const all = [...inks].reduce((sum, [, weight]) => sum + weight, 0)
  const seen = [...inks].reduce((sum, [ink, weight]) => sum + (contrast(ink, ground) >= LEGIBLE ? weight : 0), 0)
  return all > 0 && seen / all > 0.97
}
