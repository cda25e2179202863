import dns, { type LookupAddress } from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { check } from '../src/fetching/guard.ts'
import * as fetching from '../src/fetching/index.ts'
import { allowing, failing } from './fetched.ts'
import { openPartner } from './partner.ts'

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
