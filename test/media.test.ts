import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync, gzipSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import * as media from '../src/media.ts'
import { openServer } from '../src/web/server.ts'
import { flat, photo } from './photos.ts'
import { databases, openWorld } from './world.ts'

const NOW = '2026-11-23T09:00:00Z'
const drawing = (content: string, width = 1200, height = 675) =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`)

/** Small files that claim, or hold, far more than anybody shows. */
const bombs: Record<string, Buffer> = {
  'a PNG of 60 million pixels': await flat(10_000, 6000).png({ compressionLevel: 9 }).toBuffer(),
  'a PNG of 60 million pixels, interlaced': await flat(10_000, 6000).png({ progressive: true }).toBuffer(),
  'a PNG with 16 bits a sample': await flat(6000, 5000).toColourspace('rgb16').png().toBuffer(),
  'a PNG that claims 2³¹ × 2³¹': claiming(2 ** 31 - 1),
  'a PNG that claims 60 thousand squared': claiming(60_000),
  'a PNG as tall as a tower': await flat(10, 30_000).png().toBuffer(),
  'a GIF that claims 65,535 squared': gif([0xff, 0xff, 0xff, 0xff], 1),
  'a GIF of 100,000 frames': gif([1, 0, 1, 0], 100_000),
  'a WebP of 1,001 frames': await frames(1001).webp({ effort: 0 }).toBuffer(),
  'a WebP of 60 million pixels': await flat(10_000, 6000).webp({ lossless: true, effort: 0 }).toBuffer(),
  'an AVIF of 30 million pixels': await flat(6000, 5000).avif({ effort: 0 }).toBuffer(),
  'a TIFF of 60 million pixels': await flat(10_000, 6000).tiff({ compression: 'deflate' }).toBuffer(),
  'a JPEG of 60 million pixels': await flat(10_000, 6000).jpeg().toBuffer(),
  'a file larger than any picture': Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(20_000_000)]),
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name), data])
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  sum.writeUInt32BE(crc32(named))
  return Buffer.concat([length, named, sum])
}

function claiming(side: number): Buffer {
  const head = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 2, 0, 0, 0])
  head.writeUInt32BE(side, 0)
  head.writeUInt32BE(side, 4)
  const pixels = chunk('IDAT', deflateSync(Buffer.alloc(1_000_000)))
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    pixels,
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function gif(size: number[], frames: number): Buffer {
  const frame = [0x21, 0xf9, 4, 0, 10, 0, 0, 0, 0x2c, 0, 0, 0, 0, ...size, 0, 2, 2, 0x44, 1, 0]
  const head = [...Buffer.from('GIF89a'), ...size, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]
  return Buffer.concat([Buffer.from(head), ...Array<Buffer>(frames).fill(Buffer.from(frame)), Buffer.from(';')])
}

function frames(count: number) {
  const pixels = Buffer.from(Array.from({ length: count * 64 }, (_, n) => ((n >> 6) % 2) * 200))
  return sharp(pixels, { raw: { width: 8, height: 8 * count, channels: 1, pageHeight: 8 } })
}

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

  test('stay of their kind, and small ones small', async () => {
    await using world = await openWorld(kind, NOW)
    const kinds = async (bytes: Buffer) =>
      (await media.keep(world, bytes)).variants.map(({ width, height, type }) => `${width}x${height} ${type.slice(6)}`)
    expect(await kinds(await flat(500, 250).png().toBuffer())).toEqual([
      ...['320x160 png', '320x160 webp', '500x250 png', '500x250 webp'],
    ])
    expect(await kinds(await flat(20, 10).gif().toBuffer())).toEqual(['20x10 png', '20x10 webp'])
    for (const bytes of [
      await flat(640, 320).webp().toBuffer(),
      await flat(640, 320).avif().toBuffer(),
      await flat(640, 320).tiff().toBuffer(),
      await flat(640, 320).toColourspace('cmyk').jpeg().toBuffer(),
      await flat(640, 320).greyscale().jpeg().toBuffer(),
    ]) {
      expect(await kinds(bytes)).toEqual(['320x160 jpeg', '320x160 webp', '640x320 jpeg', '640x320 webp'])
    }
    expect((await kinds(await flat(4000, 2000).jpeg().toBuffer())).at(-1)).toBe('1200x600 webp')
  })

  test('keep their pixels upright and in sRGB, and nothing else: no place, no camera, no profile', async () => {
    await using world = await openWorld(kind, NOW)
    const half = await flat(300, 400, '#ff0000').toBuffer({ resolveWithObject: true })
    const bytes = await flat(600, 400, '#0000ff')
      .composite([{ input: await sharp(half.data, { raw: half.info }).png().toBuffer(), left: 0, top: 0 }])
      .withIccProfile('p3')
      .withExif({ IFD0: { Make: 'SecretCamera' }, IFD3: { GPSLatitude: '41/1 0/1 0/1', GPSLatitudeRef: 'N' } })
      .withMetadata({ orientation: 6 })
      .jpeg({ quality: 95 })
      .toBuffer()
    expect((await sharp(bytes).metadata()).exif).toBeDefined()
    expect(bytes.includes('SecretCamera')).toBe(true)
    const { width, height, variants } = await media.keep(world, bytes)
    expect({ width, height }).toEqual({ width: 400, height: 600 }) // turned by a quarter: left is up
    for (const { file } of variants) {
      const made = readFileSync(media.stored(world, file)!.path)
      expect(made.includes('SecretCamera')).toBe(false)
      const { exif, icc, xmp, iptc, orientation } = await sharp(made).metadata()
      expect({ exif, icc, xmp, iptc, orientation }).toEqual({})
      const { data, info } = await sharp(made).raw().toBuffer({ resolveWithObject: true })
      const top = data.subarray(info.width * 20 * info.channels + 300)
      expect(top[0]).toBeGreaterThan(200)
      expect(top[2]).toBeLessThan(60)
    }
  })

  test('that are none, or drawings of strangers, are refused', async () => {
    await using world = await openWorld(kind, NOW)
    const strangers = [
      '', 'hello', '<html><script>alert(1)</script></html>', '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', '%PDF-1.7', 'II*\0',
    ] // biome-ignore format: one list
    for (const bytes of [...strangers.map((text) => Buffer.from(text)), drawing('<script>alert(1)</script>')]) {
      await expect(media.keep(world, bytes)).rejects.toMatchObject({ code: 'image-unusable' })
      await expect(media.keep(world, gzipSync(bytes))).rejects.toMatchObject({ code: 'image-unusable' })
    }
    expect(existsSync(world.config.media)).toBe(false)
  })

  test('that would burst are refused at once', async () => {
    await using world = await openWorld(kind, NOW)
    const begun = performance.now()
    for (const [name, bytes] of Object.entries(bombs)) {
      await expect(media.keep(world, bytes), name).rejects.toMatchObject({ code: 'image-unusable' })
    }
    expect(performance.now() - begun).toBeLessThan(3000)
    expect(existsSync(world.config.media)).toBe(false)
  })

  test('whose bytes are cut are refused, and those with a page hidden behind them come out without it', async () => {
    await using world = await openWorld(kind, NOW)
    const bytes = await photo(400, 300).jpeg().toBuffer()
    await expect(media.keep(world, bytes.subarray(0, bytes.length / 2))).rejects.toMatchObject({
      code: 'image-unusable',
    })
    const { variants } = await media.keep(world, Buffer.concat([bytes, Buffer.from('<html><script>alert(1)</script>')]))
    for (const { file } of variants)
      expect(readFileSync(media.stored(world, file)!.path).includes('<script>')).toBe(false)
  })

  test('leave nothing half where they cannot be written, and are whole the next time', async () => {
    await using world = await openWorld(kind, NOW)
    const bytes = await flat(400, 300).jpeg().toBuffer()
    const { variants } = await media.keep(world, bytes)
    const last = variants.at(-1)!.file
    for (const { file } of variants) rmSync(join(world.config.media, file))
    mkdirSync(join(world.config.media, last, 'in the way'), { recursive: true })
    await expect(media.keep(world, bytes)).rejects.toMatchObject({ code: 'folder-unwritable' })
    expect(readdirSync(world.config.media).filter((name) => name.startsWith('.'))).toEqual([])
    rmSync(join(world.config.media, last), { recursive: true })
    await media.keep(world, bytes)
    expect(readdirSync(world.config.media).sort()).toEqual(variants.map(({ file }) => file).sort())
  })

  test('in a folder that two machines share are the same files', async () => {
    await using one = await openWorld(kind, NOW)
    await using two = await openWorld(kind, NOW, { NASHRA_MEDIA: one.config.media })
    const bytes = await photo(700, 300).jpeg().toBuffer()
    const kept = await Promise.all([media.keep(one, bytes), media.keep(two, bytes), media.keep(one, bytes)])
    expect(new Set(kept.map(({ variants }) => JSON.stringify(variants))).size).toBe(1)
    expect(readdirSync(one.config.media)).toHaveLength(6)
  })

  test('are served for ever under their name, and nothing else is', async () => {
    await using world = await openWorld(kind, NOW, { NASHRA_PORT: '0' })
    const { variants } = await media.keep(world, await photo(400, 300).jpeg().toBuffer())
    writeFileSync(join(world.config.media, 'secret.jpg'), 'x')
    const server = await openServer(world)
    for (const { file, type, bytes } of variants) {
      const path = `http://127.0.0.1:${server.port}/m/${file}`
      const got = await fetch(path, { headers: { 'Accept-Encoding': 'gzip, br' } })
      expect(Object.fromEntries(got.headers)).toMatchObject({
        'content-type': type,
        'content-length': String(bytes),
        'cache-control': 'public, max-age=31536000, immutable',
        'x-content-type-options': 'nosniff',
        etag: `"${file}"`,
      })
      expect((await got.bytes()).length).toBe(bytes)
      const head = await fetch(path, { method: 'HEAD' })
      expect([head.status, head.headers.get('content-length')]).toEqual([200, String(bytes)])
      for (const tag of [`"${file}"`, `W/"${file}"`, `"x", "${file}"`, '*']) {
        const known = await fetch(path, { headers: { 'If-None-Match': tag } })
        expect([known.status, known.headers.get('etag'), await known.text()]).toEqual([304, `"${file}"`, ''])
      }
      expect((await fetch(path, { headers: { 'If-None-Match': '"x"' } })).status).toBe(200)
    }
    const { file } = variants[0]!
    for (const name of [
      'secret.jpg',
      '..%2fsecret',
      '%2e%2e/secret',
      `${file}%00`,
      `${file}/..`,
      file.replace('320', '321'),
      '',
    ])
      expect((await fetch(`http://127.0.0.1:${server.port}/m/${name}`)).status, name).toBe(404)
    await server.close()
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
