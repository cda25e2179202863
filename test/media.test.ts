import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import * as media from '../src/media.ts'
import { databases, openWorld } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'
const drawing = (content: string, width = 1200, height = 675) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`)

describe.each(databases)('pictures on %s', (kind) => {
  test('are kept in three widths, each as JPEG and WebP, of true size and length, once', async () => {
    await using world = await openWorld(kind, NOW)
    const bytes = drawing('<rect width="1200" height="675" fill="#234"/>')
    const picture = await media.keep(world, bytes, 'drawing')
    expect(picture).toMatchObject({ width: 1200, height: 675 })
    expect(picture.variants.map(({ width, height, type }) => `${width}x${height} ${type}`)).toEqual([
      ...['320x180 image/jpeg', '320x180 image/webp', '640x360 image/jpeg', '640x360 image/webp'],
      ...['1200x675 image/jpeg', '1200x675 image/webp'],
    ])
    for (const variant of picture.variants) {
      expect(readFileSync(media.stored(world, variant.file)!.path).length).toBe(variant.bytes)
    }
    expect((await media.keep(world, bytes, 'drawing')).id).toBe(picture.id)
  })

  test('that are see-through stay so', async () => {
    await using world = await openWorld(kind, NOW)
    const logo = await media.keep(world, drawing('<circle cx="50" cy="50" r="40"/>', 400, 100), 'drawing')
    expect(media.nearest(logo, 640).type).toBe('image/png')
  })

  test('that are none, or drawings of strangers, are refused', async () => {
    await using world = await openWorld(kind, NOW)
    for (const bytes of [Buffer.from('hello'), Buffer.alloc(0), drawing('<script>alert(1)</script>')]) {
      await expect(media.keep(world, bytes)).rejects.toMatchObject({ code: 'image-unusable' })
    }
    expect(existsSync(world.config.media)).toBe(false)
  })

  test('are found by the names we gave, and nothing else is', async () => {
    await using world = await openWorld(kind, NOW)
    for (const name of [
      '../secret',
      '..%2fsecret',
      'x.jpg',
      `${'a'.repeat(24)}-320.svg`,
      `${'a'.repeat(24)}-320.jpg/../x`,
    ]) {
      expect(media.stored(world, name)).toBeUndefined()
    }
  })
})
