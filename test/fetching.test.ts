import { createServer } from 'node:net'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import * as fetching from '../src/fetching/index.ts'
import { allowing, failing } from './fetched.ts'
import { openPartner } from './partner.ts'

describe('an answer', () => {
  test('comes with status, headers, bytes and the address it stood at; the asker says who it is', async () => {
    await using partner = await openPartner((_, response) => {
      response.writeHead(201, { 'Content-Type': 'text/plain', 'Set-Cookie': ['a=1', 'b=2'], ETag: 'W/"x"' }).end('نص')
    })
    const answer = await fetching.get(allowing(partner.place), `${partner.url}/a?b#c`, { accept: 'image/*' })
    expect(answer).toMatchObject({ status: 201, url: `${partner.url}/a?b#c`, headers: { etag: 'W/"x"' } })
    expect(answer.body.toString()).toBe('نص')
    expect(partner.asked[0]).toMatchObject({ method: 'GET', url: '/a?b' })
    expect(partner.asked[0]!.headers).toMatchObject({
      accept: 'image/*',
      'user-agent': `Nashra/${manifest.version} (+https://news.example)`,
      'accept-encoding': 'gzip, deflate, br, zstd',
    })
  })

  test('keeps no cookie, neither for the next hop nor for the next time', async () => {
    await using partner = await openPartner((request, response) => {
      response.writeHead(request.url === '/' ? 302 : 200, { 'Set-Cookie': 'a=1', Location: '/b' }).end()
    })
    const app = allowing(partner.place)
    await fetching.get(app, partner.url)
    await fetching.get(app, partner.url)
    expect(partner.asked).toHaveLength(4)
    for (const { headers } of partner.asked) {
      for (const name of ['cookie', 'authorization', 'referer']) expect(headers).not.toHaveProperty(name)
    }
  })

  test('is followed through five redirects and no more', async () => {
    await using partner = await openPartner((request, response) => {
      const left = Number(request.url!.slice(1))
      if (left === 0) response.end('here')
      else response.writeHead([301, 302, 303, 307, 308][left % 5]!, { Location: `${left - 1}` }).end('there')
    })
    const app = allowing(partner.place)
    expect(await fetching.get(app, `${partner.url}/5`)).toMatchObject({ status: 200, url: `${partner.url}/0` })
    await expect(fetching.get(app, `${partner.url}/6`)).rejects.toMatchObject(failing('more than 5 redirects'))
  })

  test('says where its address has gone for good: the 301 and 308 hops that came first', async () => {
    await using partner = await openPartner((request, response) => {
      const path = request.url!.slice(1)
      const [status, rest] = [path.slice(0, 3), path.slice(4)]
      response.writeHead(Number(status), { Location: `/${rest}` }).end()
    })
    const app = allowing(partner.place)
    for (const [path, movedTo] of [
      ['200', undefined],
      ['301-200', '200'],
      ['301-308-404', '404'],
      ['302-200', undefined],
      ['302-301-200', undefined],
      ['301-307-301-200', '307-301-200'],
      ['308-303-200', '303-200'],
    ]) {
      const answer = await fetching.get(app, `${partner.url}/${path}`)
      expect({ path, movedTo: answer.movedTo }).toEqual({ path, movedTo: movedTo && `${partner.url}/${movedTo}` })
      expect(answer.url).toBe(`${partner.url}/${path!.slice(-3)}`)
    }
  })

  test('that leads in a circle is not gone round', async () => {
    await using partner = await openPartner((request, response) => {
      response.writeHead(301, { Location: request.url === '/a' ? '/b' : '/a' }).end()
    })
    await expect(fetching.get(allowing(partner.place), `${partner.url}/a`)).rejects.toMatchObject(
      failing('in a circle'),
    )
    expect(partner.asked).toHaveLength(2)
  })

  test('is asked for with validators byte for byte, of whatever form', async () => {
    await using partner = await openPartner((request, response) => {
      response.writeHead(200, { ETag: String(request.headers['if-none-match'] ?? '"first"') }).end()
    })
    const app = allowing(partner.place)
    const visible = fc.integer({ min: 0x21, max: 0xff }).filter((code) => code !== 0x7f)
    const words = fc.array(visible, { minLength: 1, maxLength: 60 }).map((codes) => String.fromCharCode(...codes))
    const sent = fc.oneof(
      words,
      words.map((text) => `W/"${text}"`),
      words.map((text) => `"${text} ${text}"`),
      fc.constant('é\u0080ÿ'),
    )
    await fc.assert(
      fc.asyncProperty(sent, sent, async (etag, lastModified) => {
        const answer = await fetching.get(app, partner.url, { etag, lastModified })
        const { headers } = partner.asked.at(-1)!
        expect([headers['if-none-match'], headers['if-modified-since']]).toEqual([etag, lastModified])
        expect(answer.headers['etag']).toBe(etag)
      }),
      { numRuns: 100 },
    )
  })

  test('is asked for without a validator that could not have come in a header', async () => {
    await using partner = await openPartner((_, response) => void response.end())
    for (const etag of ['', 'نص', 'a\r\nX-Evil: 1', 'a\0b', '\u007f'])
      await fetching.get(allowing(partner.place), partner.url, { etag, lastModified: etag })
    expect(partner.asked).toHaveLength(5)
    for (const { headers } of partner.asked)
      for (const name of ['if-none-match', 'if-modified-since', 'x-evil']) expect(headers).not.toHaveProperty(name)
  })

  test('is asked for without validators where a redirect leads to another origin', async () => {
    await using other = await openPartner((request, response) => {
      if (request.url === '/back') response.writeHead(302, { Location: `${partner.url}/end` })
      response.end()
    })
    await using partner = await openPartner((request, response) => {
      const places: Record<string, string> = {
        '/within': '/end',
        '/out': `${other.url}/end`,
        '/round': `${other.url}/back`,
      }
      const location = places[request.url!]
      response.writeHead(location ? 301 : 200, location ? { Location: location } : {}).end()
    })
    const app = allowing(partner.place, other.place)
    for (const path of ['/within', '/out', '/round'])
      await fetching.get(app, partner.url + path, { etag: '"1"', lastModified: 'today' })
    expect(
      partner.asked.map(({ url, headers }) => [url, headers['if-none-match'], headers['if-modified-since']]),
    ).toEqual(['/within', '/end', '/out', '/round', '/end'].map((url) => [url, '"1"', 'today']))
    expect(other.asked).toHaveLength(2)
    for (const { headers } of other.asked) {
      expect(headers).not.toHaveProperty('if-none-match')
      expect(headers).not.toHaveProperty('if-modified-since')
    }
  })

  test.each([
    [undefined, ''],
    [0, ''],
    [1, '; 1 subscriber'],
    [1200, '; 1200 subscribers'],
  ])('is asked for on behalf of %s', async (subscribers, words) => {
    await using partner = await openPartner((_, response) => void response.end())
    await fetching.get(allowing(partner.place), partner.url, subscribers === undefined ? {} : { subscribers })
    expect(partner.asked[0]!.headers['user-agent']).toBe(`Nashra/${manifest.version} (+https://news.example${words})`)
  })

  test('to HEAD has a status and no body, whatever length it gives', async () => {
    await using partner = await openPartner((_, response) => {
      response.writeHead(410, { 'Content-Length': 900_000_000, 'Content-Encoding': 'gzip' }).end()
    })
    const answer = await fetching.get(allowing(partner.place), partner.url, { method: 'HEAD' })
    expect(answer).toMatchObject({ status: 410, body: Buffer.alloc(0) })
    expect(partner.asked[0]!.method).toBe('HEAD')
  })

  test('that drips a byte a second ends at thirty seconds in all, redirects included', async () => {
    await using partner = await openPartner((request, response) => {
      if (request.url === '/') return void setTimeout(() => response.writeHead(301, { Location: '/drip' }).end(), 3000)
      response.on('error', () => {}).writeHead(200, { 'Content-Type': 'application/rss+xml' })
      const timer = setInterval(() => response.write('x'), 1000)
      response.on('close', () => clearInterval(timer))
    })
    const began = performance.now()
    await expect(fetching.get(allowing(partner.place), partner.url)).rejects.toMatchObject(
      failing('no whole answer within 30 s'),
    )
    expect(performance.now() - began).toBeGreaterThan(29_000)
    expect(performance.now() - began).toBeLessThan(31_500)
  })

  test('is followed to an address in Arabic, however it is written', async () => {
    await using partner = await openPartner((request, response) => {
      const arabic = Buffer.from('/خبر').toString('latin1')
      response.writeHead(request.url === '/' ? 301 : 200, { Location: arabic }).end()
    })
    const { url } = await fetching.get(allowing(partner.place), partner.url)
    expect(decodeURI(url)).toBe(`${partner.url}/خبر`)
  })

  test.each([
    ['gzip', zlib.gzipSync],
    ['x-gzip', zlib.gzipSync],
    ['deflate', zlib.deflateSync],
    ['deflate', zlib.deflateRawSync],
    ['br', zlib.brotliCompressSync],
    ['zstd', zlib.zstdCompressSync],
    ['identity', (bytes: Buffer) => bytes],
  ])('in %s is inflated, up to the cap', async (coding, compress) => {
    await using partner = await openPartner((request, response) => {
      const bytes = Buffer.alloc(request.url === '/bomb' ? 50_000_000 : 100_000, 'نشرة')
      response.on('error', () => {}).writeHead(200, { 'Content-Encoding': coding })
      response.end(compress(bytes))
    })
    const app = allowing(partner.place)
    const { body } = await fetching.get(app, partner.url)
    expect(body.equals(Buffer.alloc(100_000, 'نشرة'))).toBe(true)
    await expect(fetching.get(app, `${partner.url}/bomb`)).rejects.toMatchObject(failing('larger than 10000000 bytes'))
    await expect(fetching.get(app, partner.url, { mostBytes: 99_999 })).rejects.toMatchObject(failing('larger than'))
    expect((await fetching.get(app, partner.url, { mostBytes: 100_000 })).body.length).toBe(100_000)
  })

  test.each(['\n', '\r\n', 'x', '<!-- cached -->\n', '\0\0\0'])(
    'in gzip is taken without what stands behind it: %j',
    async (stray) => {
      const bytes = Buffer.from('نشرة '.repeat(10_000))
      await using partner = await openPartner((request, response) => {
        const coded = zlib.gzipSync(request.url === '/bomb' ? Buffer.alloc(12_000_000) : bytes)
        if (request.url === '/broken') coded[coded.length - 8]! ^= 1
        const sent = request.url === '/cut' ? coded.subarray(0, -9) : coded
        response.on('error', () => {}).writeHead(200, { 'Content-Encoding': 'gzip' })
        response.end(Buffer.concat([sent, Buffer.from(stray)]))
      })
      const app = allowing(partner.place)
      expect((await fetching.get(app, partner.url)).body.equals(bytes)).toBe(true)
      await expect(fetching.get(app, partner.url, { mostBytes: 50_000 })).rejects.toMatchObject(failing('larger than'))
      await expect(fetching.get(app, `${partner.url}/bomb`)).rejects.toMatchObject(
        failing('larger than 10000000 bytes'),
      )
      for (const path of ['broken', 'cut'])
        await expect(fetching.get(app, `${partner.url}/${path}`)).rejects.toMatchObject(failing('its gzip coding'))
    },
  )

  test('that has no end is let go at the cap, whatever length it gave', async () => {
    await using partner = await openPartner((request, response) => {
      response.on('error', () => {})
      if (request.url === '/liar') response.writeHead(200, { 'Content-Length': 900_000_000 })
      const timer = setInterval(() => response.write(Buffer.alloc(1_000_000)), 1)
      response.on('close', () => clearInterval(timer))
    })
    for (const path of ['/', '/liar']) {
      await expect(fetching.get(allowing(partner.place), partner.url + path)).rejects.toMatchObject(failing('larger'))
    }
  })

  test('in a coding that nobody knows, twice coded, or broken, is refused in words', async () => {
    await using partner = await openPartner((request, response) => {
      const coding = decodeURIComponent(request.url!.slice(1))
      response.writeHead(200, { 'Content-Encoding': coding }).end(zlib.gzipSync('x').subarray(0, 15))
    })
    for (const coding of ['gzip, gzip', 'compress', 'constructor', '__proto__']) {
      await expect(
        fetching.get(allowing(partner.place), `${partner.url}/${encodeURIComponent(coding)}`),
      ).rejects.toMatchObject(failing('content encoding'))
    }
    for (const coding of ['gzip', 'deflate', 'br', 'zstd']) {
      await expect(fetching.get(allowing(partner.place), `${partner.url}/${coding}`)).rejects.toMatchObject(
        failing(`its ${coding} coding cannot be read`),
      )
    }
  })

  test('that never comes is not waited for once the asker stops', async () => {
    await using partner = await openPartner(() => {})
    const signal = AbortSignal.timeout(50)
    await expect(fetching.get(allowing(partner.place), partner.url, { signal })).rejects.toMatchObject({
      code: 'fetch-failed',
    })
  })

  test('that is no HTTP, or cut, is a reason and no stack', async () => {
    for (const bytes of [
      '',
      'hello\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\nabc\r\n0\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc',
      `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\n\r\n`,
    ]) {
      const server = createServer((socket) => socket.on('error', () => {}).end(bytes))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const place = `127.0.0.1:${(server.address() as { port: number }).port}`
      const error = await fetching.get(allowing(place), `http://${place}`).catch((error: unknown) => error)
      expect(error).toMatchObject({ code: 'fetch-failed', values: { reason: expect.stringMatching(/^[a-z]/) } })
      server.close()
    }
    await expect(fetching.get(allowing('127.0.0.1:1'), 'http://127.0.0.1:1')).rejects.toMatchObject(failing('refused'))
  })
})
