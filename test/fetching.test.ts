import dns, { type LookupAddress } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import { createServer } from 'node:net'
import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { readConfig } from '../src/config.ts'
import { check } from '../src/fetching/guard.ts'
import * as fetching from '../src/fetching/index.ts'
import { openPartner } from './partner.ts'

const allowing = (...places: string[]) => ({
  config: readConfig({ NASHRA_URL: 'https://news.example', NASHRA_FETCH_ALLOW: places.join(' ') }),
})
const failing = (reason: string | RegExp) => ({
  code: 'fetch-failed',
  values: { reason: expect.stringMatching(reason) },
})

/** A hostile name server: what a name resolves to is asked of `answer` anew for each connection. */
function resolving(answer: (hostname: string) => LookupAddress[]) {
  const spy = vi
    .spyOn(dns, 'lookup')
    .mockImplementation(((
      hostname: string,
      _options: unknown,
      callback: (error: null, addresses: LookupAddress[]) => void,
    ) => queueMicrotask(() => callback(null, answer(hostname)))) as never)
  syncBuiltinESMExports()
  return spy
}

afterEach(() => {
  vi.restoreAllMocks()
  syncBuiltinESMExports()
})

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

describe('an address', () => {
  test.each([
    ['file:///etc/passwd', 'only http and https'],
    ['ftp://news.example/', 'only http and https'],
    ['data:text/plain,x', 'only http and https'],
    ['http://user:secret@news.example/', 'user or password'],
    ['http://news.example:22/', 'port 22 is not open'],
    ['https://news.example:8080/', 'port 8080 is not open'],
    ['nothing', 'not an address'],
    ['http://', 'not an address'],
  ])('%s is not asked', async (url, reason) => {
    const error = await fetching.get(allowing(), url).catch((error: unknown) => error)
    expect(error).toMatchObject(failing(reason))
    expect(JSON.stringify(error)).not.toContain('secret')
  })

  test('of a public machine is', () => {
    for (const host of ['8.8.8.8', '[2606:4700::1111]', '[64:ff9b::808:808]', '[::ffff:8.8.8.8]', '1.1.1.1:80'])
      expect(() => check(new URL(`http://${host}`), [])).not.toThrow()
  })

  test('that is a private one in any spelling is refused before anything is sent', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(privateV4.chain(spelledV4), privateV4.chain(dressedV4), privateV6), async (host) => {
        await expect(fetching.get(allowing(), `http://${host}/`)).rejects.toMatchObject(failing('not a public address'))
      }),
      { numRuns: 500 },
    )
  })

  test('that is a private one is refused as the target of any redirect too, after lasting ones as well', async () => {
    let target = ''
    let status = 302
    await using partner = await openPartner((request, response) => {
      const location = request.url === '/first' ? '/second' : Buffer.from(target).toString('latin1')
      response.writeHead(request.url === '/first' ? 301 : status, { Location: location }).end()
    })
    const app = allowing(partner.place)
    const hosts = fc.oneof(privateV4.chain(spelledV4), privateV4.chain(dressedV4), privateV6)
    const forms = fc.constantFrom(
      '//HOST/',
      'http://HOST/',
      'https://HOST:443/',
      'http:\\\\HOST\\',
      'http:////HOST',
      '\t//HOST:080/',
    )
    await fc.assert(
      fc.asyncProperty(
        hosts,
        forms,
        fc.constantFrom(301, 302, 303, 307, 308),
        fc.constantFrom('/first', '/second'),
        async (host, form, redirect, path) => {
          target = form.replace('HOST', host)
          status = redirect
          await expect(fetching.get(app, partner.url + path)).rejects.toMatchObject(failing('not a public address'))
        },
      ),
      { numRuns: 150 },
    )
    for (const [location, reason] of [
      ['file:///etc/passwd', 'only http'],
      ['gopher://127.0.0.1/', 'only http'],
      ['http://127.0.0.1:1/', 'port 1 is not open'],
      ['http://127.0.0.1:0/', 'port 0 is not open'],
      ['http://news.example:0/', 'port 0 is not open'],
      ['http://a:b@news.example/', 'user or password'],
      ['http://a@127.0.0.1/', 'user or password'],
      ['http://:b@news.example/', 'user or password'],
      ['http://[', 'not an address'],
      ['http://[fe80::1%25eth0]/', 'not an address'],
      ['http://[fe80::1%eth0]/', 'not an address'],
      ['http://news.example:65536/', 'not an address'],
      ['http://localhost/', 'not a public address'],
      ['http://localhost./', 'not a public address|no such host|could not be looked up'],
    ]) {
      target = location!
      for (const path of ['/first', '/second'])
        await expect(fetching.get(app, partner.url + path)).rejects.toMatchObject(failing(new RegExp(reason!)))
    }
  })

  test('is any string, and the answer a Problem', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string().map((text) => `http://127.1/${text}`),
        ),
        async (text) => {
          await expect(fetching.get(allowing(), text)).rejects.toMatchObject({ code: 'fetch-failed' })
        },
      ),
    )
  })
})

describe('a name', () => {
  test('that resolves to a private address is refused when it is connected to', async () => {
    await expect(fetching.get(allowing(), 'http://localhost/')).rejects.toMatchObject(failing('not a public address'))
    const answers = fc.array(fc.oneof(privateV4.map(dotted), fc.constantFrom('::1', 'fd00:ec2::254', 'fe80::1%eth0')), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(answers, async (addresses) => {
        resolving(() => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })))
        await expect(fetching.get(allowing(), 'https://rebinding.example/')).rejects.toMatchObject(
          failing('not a public address'),
        )
      }),
      { numRuns: 50 },
    )
  })

  test('that resolves to a private address is refused as the target of a redirect as well', async () => {
    await using partner = await openPartner((_, response) => {
      response.writeHead(308, { Location: 'http://inside.example/' }).end()
    })
    const port = Number(partner.place.split(':')[1])
    const addresses = fc.oneof(
      privateV4.map(dotted),
      fc.constantFrom('::1', 'fe80::1%eth0', '::ffff:10.0.0.1', '64:ff9b::a00:1'),
    )
    await fc.assert(
      fc.asyncProperty(addresses, async (address) => {
        resolving((hostname) => [
          hostname === 'paper.example'
            ? { address: '127.0.0.1', family: 4 }
            : { address, family: address.includes(':') ? 6 : 4 },
        ])
        await expect(
          fetching.get(allowing(`paper.example:${port}`), `http://paper.example:${port}/`),
        ).rejects.toMatchObject(failing(/inside\.example is .*not a public address/))
      }),
      { numRuns: 30 },
    )
  })

  test('is looked up once for a connection: what was checked is what is connected to', async () => {
    await using partner = await openPartner((request, response) => {
      if (request.url === '/') response.writeHead(302, { Location: 'http://rebinding.example/' }).end()
      else response.end()
    })
    const port = Number(partner.place.split(':')[1])
    const spy = resolving(() => [{ address: '127.0.0.1', family: 4 }])
    const app = allowing(`paper.example:${port}`)
    expect(await fetching.get(app, `http://paper.example:${port}/a`)).toMatchObject({ status: 200 })
    expect(spy).toHaveBeenCalledTimes(1)
    await expect(fetching.get(app, `http://paper.example:${port}/`)).rejects.toMatchObject(
      failing('rebinding.example is 127.0.0.1, which is not a public address'),
    )
    expect(spy).toHaveBeenCalledTimes(3)
  })

  test('that does not exist is said to', async () => {
    await expect(fetching.get(allowing(), 'http://nothing.invalid/')).rejects.toMatchObject(
      failing('no such host|could not be looked up'),
    )
  })
})

describe('NASHRA_FETCH_ALLOW', () => {
  test('opens exactly what it lists', async () => {
    await using one = await openPartner((_, response) => void response.end('one'))
    await using other = await openPartner((_, response) => void response.end('other'))
    const app = allowing(one.place)
    expect((await fetching.get(app, one.url)).body.toString()).toBe('one')
    await expect(fetching.get(app, other.url)).rejects.toMatchObject(failing('port'))
    await expect(fetching.get(app, one.url.replace('127.0.0.1', 'localhost'))).rejects.toMatchObject(failing('port'))
    await expect(fetching.get(app, 'http://127.0.0.1/')).rejects.toMatchObject(failing('not a public address'))
    expect(other.asked).toHaveLength(0)
  })

  test('is read in the spelling of addresses', () => {
    const { config } = allowing('Intranet.Example:8080', '127.1:80', '[FD00:0::5]:443', '0x7f000001:0080')
    expect(config.fetchAllow).toEqual(['intranet.example:8080', '127.0.0.1:80', '[fd00::5]:443', '127.0.0.1:80'])
  })

  test.each([
    '127.0.0.1',
    'host:',
    'host:0',
    'host:65536',
    ':80',
    'http://host:80',
    'user@host:80',
    'fd00::5:80',
    '*:80',
    '10.0.0.0/8:80',
    'a b',
  ])('refuses %s in words', (value) => {
    expect(() => allowing(value)).toThrow(
      expect.objectContaining({
        values: { mistakes: expect.stringMatching(/NASHRA_FETCH_ALLOW: «.*» is not host:port/) },
      }),
    )
  })
})

/** Networks that nobody outside has business in, as [first address, how many]. */
const PRIVATE: [number, number][] = [
  [0x00000000, 2 ** 24], [0x0a000000, 2 ** 24], [0x64400000, 2 ** 22], [0x7f000000, 2 ** 24], [0xa9fe0000, 2 ** 16],
  [0xa9fea9fe, 1], [0x64646464 + 100, 1], [0xac100000, 2 ** 20], [0xc0000000, 256], [0xc0a80000, 2 ** 16], [0xc6120000, 2 ** 17],
  [0xe0000000, 2 ** 28], [0xf0000000, 2 ** 28], [0xa83f8110, 1],
] // biome-ignore format: one table
const privateV4 = fc
  .constantFrom(...PRIVATE)
  .chain(([first, count]) => fc.integer({ min: 0, max: count - 1 }).map((more) => first + more))

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.')
}

/** The spellings of an IPv4 address that URLs know. */
function spelledV4(address: number): fc.Arbitrary<string> {
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255)
  const hex = (number: number) => `0x${number.toString(16)}`
  const octal = (number: number) => `0${number.toString(8)}`
  return fc.constantFrom(
    dotted(address),
    `${dotted(address)}.`,
    String(address),
    hex(address),
    octal(address),
    bytes.map(hex).join('.'),
    bytes.map(octal).join('.'),
    `${hex(bytes[0]!)}.${octal(bytes[1]!)}.${address & 0xffff}`,
    `${bytes[0]}.${hex(address & 0xffffff)}`,
    dotted(address).replaceAll('.', '%2e'),
    dotted(address).replaceAll('.', '。'),
    dotted(address).replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
  )
}

/** An IPv4 address in the clothes of IPv6: mapped, compatible, translated, NAT64, 6to4, Teredo. */
function dressedV4(address: number): fc.Arbitrary<string> {
  const high = (address >>> 16).toString(16)
  const low = (address & 0xffff).toString(16)
  return fc.constantFrom(
    `[::ffff:${dotted(address)}]`,
    `[0:0:0:0:0:FFFF:${high}:${low}]`,
    `[::${dotted(address)}]`,
    `[::ffff:0:${high}:${low}]`,
    `[64:ff9b::${high}:${low}]`,
    `[0064:FF9B:0000::${dotted(address)}]`,
    `[64:ff9b:1::${high}:${low}]`,
    `[2002:${high}:${low}::1]`,
    `[2001:0:${high}:${low}::${high}]`,
  )
}

const group = fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16))
const privateV6 = fc
  .tuple(
    fc.constantFrom(
      'fc00',
      'fdff',
      'fe80',
      'febf',
      'fec0',
      'ff02',
      '100:0:0:0',
      '2001:db8',
      '3fff',
      '5f00',
      '2002',
      '2001:0',
      '4000',
    ),
    group,
  )
  .map(([head, tail]) => `[${head}::${tail}]`)
  .chain((host) => fc.constantFrom(host, host.toUpperCase(), '[::1]', '[::]', '[0:0:0:0:0:0:0:1]'))
