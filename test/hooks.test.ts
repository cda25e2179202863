import { execFileSync } from 'node:child_process'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import * as bounces from '../src/bounces/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import { handler } from '../src/web/server.ts'
import { edition, type Mailing, mailing, type Reader } from './mailing.ts'
import { databases, openWorld, type World } from './world.ts'

const MORNING = '2026-11-23T05:00:00Z'
const TOPIC = 'arn:aws:sns:eu-central-1:123456789012:nashra-bounces'
const KEY = 'key-0123456789abcdef0123456789abcdef'

let world: World
let list: Mailing
let reader: Reader
let messageId: string

afterEach(() => world[Symbol.asyncDispose]())

async function begin(kind: (typeof databases)[number], environment: Record<string, string> = {}): Promise<void> {
  world = await openWorld(kind, MORNING, environment)
  list = await mailing(world, 3)
  reader = list.readers[0]!
  const { public_id } = await edition(world, list)
  messageId = `<e${public_id}.${reader.public_id}@news.example>`
}

type Post = { body: string | Buffer; headers?: Record<string, string> }

async function post(provider: string, { body, headers = {} }: Post): Promise<{ status: number; answer: unknown }> {
  const response = await handler(world).request(`/hooks/${provider}`, {
    method: 'POST',
    body: body.toString(),
    headers,
  })
  return { status: response.status, answer: await response.json().catch(() => null) }
}

async function shown(one: Reader = reader) {
  const { suppression, bounces: seen, subscriptions } = await subscribers.show(world.db, one.address)
  return { suppression: suppression?.reason ?? null, bounces: seen, state: subscriptions[0]!.state }
}

const UNTOUCHED = { suppression: null, bounces: [], state: 'active' }

describe.each(databases)('what Postmark reports on %s', (kind) => {
  let headers: Record<string, string>
  beforeEach(async () => {
    await begin(kind)
    const { url } = await bounces.addHook(world, 'test', { provider: 'postmark' })
    const { username, password, pathname } = new URL(url)
    expect(pathname).toBe('/hooks/postmark')
    headers = { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` }
  })
  const bounce = (more: Record<string, unknown> = {}) => ({
    ...{
      RecordType: 'Bounce',
      ID: 42,
      Type: 'HardBounce',
      TypeCode: 1,
      MessageID: 'b7bc2f4a-e38e-4336-af7d-e6c392c2f817',
    },
    ...{ Email: reader.address, Details: 'smtp;550 5.1.1 The email account that you tried to reach does not exist.' },
    ...more,
  })

  test('a hard bounce suppresses, and again changes nothing', async () => {
    const body = JSON.stringify(bounce())
    expect(await post('postmark', { body, headers })).toEqual({ status: 200, answer: { taken: 1 } })
    expect(await post('postmark', { body, headers })).toEqual({ status: 200, answer: { taken: 0 } })
    expect(await shown()).toMatchObject({ suppression: 'bounced 5.1.1', bounces: [{ kind: 'hard', via: 'postmark' }] })
  })

  test('the edition is found by what the relay called the letter', async () => {
    await world.db
      .updateTable('delivery')
      .set({ state: 'submitted', reply: '250 2.0.0 Ok: queued as b7bc2f4a-e38e-4336-af7d-e6c392c2f817' })
      .where('subscriber_id', '=', reader.subscriber_id)
      .execute()
    await post('postmark', { body: JSON.stringify(bounce()), headers })
    expect((await shown()).bounces[0]!.edition).toMatch(/^\w{11}$/)
  })

  test.each([
    [{ Type: 'SoftBounce', Details: '452 4.2.2 mailbox full' }, 'full'],
    [{ Type: 'Blocked', Details: '550 blocked' }, 'policy'],
    [{ Type: 'Transient', Details: 'x' }, 'delayed'],
    [{ Type: 'HardBounce', Details: '550 5.7.1 blocked using zen.spamhaus.org' }, 'policy'],
    [{ Type: 'HardBounce', Details: 'Unable to deliver' }, 'hard'],
    [{ RecordType: 'SpamComplaint', Type: 'SpamComplaint' }, 'complaint'],
    [{ RecordType: 'SubscriptionChange', Recipient: 'morning-0@example.org', ChangedAt: 'x', SuppressSending: true, SuppressionReason: 'ManualSuppression' }, 'leaving'], // biome-ignore format: one record
  ])('%o is %s', async (more, expected) => {
    await post('postmark', { body: JSON.stringify(bounce(more)), headers })
    expect((await shown()).bounces.map((row) => row.kind)).toEqual([expected])
  })

  test.each([
    { RecordType: 'Delivery' },
    { RecordType: 'Open' },
    { Type: 'AutoResponder' },
    { Email: 'nobody@elsewhere.example' },
    { Email: 'no address' },
    { RecordType: 'SubscriptionChange', Recipient: 'morning-0@example.org', SuppressionReason: null },
  ])('%o changes nothing', async (more) => {
    expect((await post('postmark', { body: JSON.stringify(bounce(more)), headers })).status).toBe(200)
    expect(await shown()).toEqual(UNTOUCHED)
  })

  test.each(['', 'Basic eDp5', 'Bearer x', 'Basic', `Basic ${Buffer.from('postmark:').toString('base64')}`])(
    'who does not log in is refused: %s',
    async (authorization) => {
      const body = JSON.stringify(bounce())
      expect((await post('postmark', { body, headers: { authorization } })).status).toBe(403)
      expect(await shown()).toEqual(UNTOUCHED)
    },
  )
})

describe.each(databases)('what SendGrid reports on %s', (kind) => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const at = `${Date.parse(MORNING) / 1000}`
  beforeEach(async () => {
    await begin(kind)
    const key = publicKey.export({ format: 'der', type: 'spki' }).toString('base64')
    await bounces.addHook(world, 'test', { provider: 'sendgrid', key })
  })
  function signed(body: string, key: KeyObject = privateKey, timestamp = at): Post {
    const signature = sign('sha256', Buffer.from(timestamp + body), key).toString('base64')
    return {
      body,
      headers: {
        'X-Twilio-Email-Event-Webhook-Signature': signature,
        'X-Twilio-Email-Event-Webhook-Timestamp': timestamp,
      },
    }
  }
  const event = (more: Record<string, unknown> = {}) => ({
    ...{ email: reader.address, event: 'bounce', type: 'bounce', status: '5.1.1', reason: '550 5.1.1 no such user' },
    ...{ sg_event_id: 'abc', sg_message_id: 'x.filter1', 'smtp-id': messageId },
    ...more,
  })

  test('a batch is taken, each event once', async () => {
    const body = JSON.stringify([
      event(),
      event({ email: list.readers[1]!.address, event: 'spamreport', sg_event_id: 'b', 'smtp-id': '' }),
      event({ email: list.readers[2]!.address, event: 'delivered', sg_event_id: 'c' }),
    ])
    expect(await post('sendgrid', signed(body))).toEqual({ status: 200, answer: { taken: 2 } })
    expect(await post('sendgrid', signed(body))).toEqual({ status: 200, answer: { taken: 0 } })
    expect(await shown()).toMatchObject({ suppression: 'bounced 5.1.1', bounces: [{ edition: expect.any(String) }] })
    expect(await shown(list.readers[1])).toMatchObject({ suppression: 'complaint', state: 'left' })
    expect(await shown(list.readers[2])).toEqual(UNTOUCHED)
  })

  test.each([
    [{ event: 'bounce', status: '5.0.0', reason: 'x', bounce_classification: 'Invalid Address' }, 'hard'],
    [{ event: 'bounce', type: 'blocked', status: '5.0.0', reason: '554 refused' }, 'policy'],
    [{ event: 'bounce', status: '5.2.2', reason: '552 5.2.2 full' }, 'full'],
    [{ event: 'dropped', reason: 'Bounced Address' }, 'hard'],
    [{ event: 'dropped', reason: 'Unsubscribed Address' }, 'leaving'],
    [{ event: 'unsubscribe' }, 'leaving'],
    [{ event: 'group_unsubscribe' }, 'leaving'],
    [{ event: 'deferred', response: '451 later' }, 'delayed'],
  ])('%o is %s', async (more, expected) => {
    await post('sendgrid', signed(JSON.stringify([event(more)])))
    expect((await shown()).bounces.map((row) => row.kind)).toEqual([expected])
  })

  test('what is forged, changed, old or not signed is refused and changes nothing', async () => {
    const body = JSON.stringify([event()])
    const right = signed(body)
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const old = `${Date.parse(MORNING) / 1000 - 3 * 86_400}`
    const wrong: Post[] = [
      { body },
      { body: `${body} `, headers: right.headers! },
      signed(body, other.privateKey),
      signed(body, privateKey, old),
      { body, headers: { ...right.headers, 'X-Twilio-Email-Event-Webhook-Timestamp': old } },
      { body, headers: { ...right.headers, 'X-Twilio-Email-Event-Webhook-Signature': 'AAAA' } },
    ]
    for (const one of wrong) expect((await post('sendgrid', one)).status).toBe(403)
    expect(await shown()).toEqual(UNTOUCHED)
  })

  test('signed nonsense is no failure of ours', async () => {
    for (const body of ['', 'null', '{}', '[', '"x"']) expect((await post('sendgrid', signed(body))).status).toBe(422)
    for (const body of [
      '[]',
      '[null]',
      '[[]]',
      '[{"event":{}}]',
      '[{"event":"bounce"}]',
      '[{"event":"bounce","__proto__":{}}]',
    ])
      expect(await post('sendgrid', signed(body))).toEqual({ status: 200, answer: { taken: 0 } })
  })
})

describe.each(databases)('what Mailgun reports on %s', (kind) => {
  beforeEach(async () => {
    await begin(kind)
    await bounces.addHook(world, 'test', { provider: 'mailgun', key: KEY })
  })
  function signed(data: Record<string, unknown>, { token = 'tok1', key = KEY, ago = 0 } = {}): Post {
    const timestamp = `${Date.parse(MORNING) / 1000 - ago}`
    const signature = createHmac('sha256', key)
      .update(timestamp + token)
      .digest('hex')
    const event = {
      ...{
        event: 'failed',
        severity: 'permanent',
        reason: 'bounce',
        id: 'G9Bn5sl1TC6nu79C8C0bwg',
        recipient: reader.address,
      },
      ...{ message: { headers: { 'message-id': messageId.slice(1, -1) } } },
      'delivery-status': { code: 550, 'enhanced-code': '5.1.1', message: '5.1.1 no such user' },
      ...data,
    }
    return { body: JSON.stringify({ signature: { timestamp, token, signature }, 'event-data': event }) }
  }

  test('a failure suppresses, once', async () => {
    expect(await post('mailgun', signed({}))).toEqual({ status: 200, answer: { taken: 1 } })
    expect(await post('mailgun', signed({}))).toEqual({ status: 200, answer: { taken: 0 } })
    expect(await post('mailgun', signed({}, { token: 'tok2' }))).toEqual({ status: 200, answer: { taken: 0 } })
    expect(await shown()).toMatchObject({ suppression: 'bounced 5.1.1', bounces: [{ edition: expect.any(String) }] })
  })

  test('a signature that was used does not carry another event', async () => {
    await post('mailgun', signed({ event: 'delivered' }))
    expect(await post('mailgun', signed({ event: 'complained', id: 'other' }))).toMatchObject({ answer: { taken: 0 } })
    expect(await shown()).toEqual(UNTOUCHED)
  })

  test.each([
    [{ severity: 'temporary' }, 'delayed'],
    [{ event: 'complained' }, 'complaint'],
    [{ event: 'unsubscribed' }, 'leaving'],
    [{ reason: 'suppress-bounce', 'delivery-status': { code: 605 } }, 'hard'],
    [{ reason: 'suppress-unsubscribe', 'delivery-status': { code: 606 } }, 'leaving'],
    [{ 'delivery-status': { code: 550, message: '550 5.7.1 spam' } }, 'policy'],
    [{ 'delivery-status': { code: 552, message: 'mailbox is full' } }, 'full'],
  ])('%o is %s', async (more, expected) => {
    await post('mailgun', signed(more))
    expect((await shown()).bounces.map((row) => row.kind)).toEqual([expected])
  })

  test('what is forged or old is refused and changes nothing', async () => {
    expect((await post('mailgun', signed({}, { key: 'x'.repeat(36) }))).status).toBe(403)
    expect((await post('mailgun', signed({}, { ago: 2 * 86_400 }))).status).toBe(403)
    expect((await post('mailgun', signed({}, { ago: -3600 }))).status).toBe(403)
    for (const body of ['{}', '{"signature":{}}', '{"signature":{"timestamp":1,"token":"x","signature":"é"}}'])
      expect((await post('mailgun', { body })).status).toBe(403)
    expect((await post('mailgun', { body: 'x' })).status).toBe(422)
    expect(await shown()).toEqual(UNTOUCHED)
  })
})

describe.each(databases)('what SES reports on %s', (kind) => {
  let sns: Awaited<ReturnType<typeof openSns>>
  beforeEach(async () => {
    sns = await openSns()
    await begin(kind, { NASHRA_FETCH_ALLOW: sns.host })
    await bounces.addHook(world, 'test', { provider: 'ses', topic: TOPIC, endpoint: sns.origin })
  })
  afterEach(() => sns.close())
  const bounce = (more: Record<string, unknown> = {}, recipient: Record<string, unknown> = {}) => ({
    notificationType: 'Bounce',
    bounce: {
      ...{ bounceType: 'Permanent', bounceSubType: 'General' },
      bouncedRecipients: [
        { emailAddress: reader.address, status: '5.1.1', diagnosticCode: 'smtp; 550 5.1.1 user unknown', ...recipient },
      ],
      ...more,
    },
    mail: { messageId: '0100019abc-def-000000', headers: [{ name: 'Message-ID', value: messageId }] },
  })

  test.each(['1', '2'])(
    'a bounce signed in version %s is taken, once; the certificate is fetched once',
    async (version) => {
      const one = sns.notification(bounce(), { version })
      expect(await post('ses', one)).toEqual({ status: 200, answer: { taken: 1 } })
      expect(await post('ses', one)).toEqual({ status: 200, answer: { taken: 0 } })
      expect(await shown()).toMatchObject({
        suppression: 'bounced 5.1.1',
        bounces: [{ kind: 'hard', via: 'ses', edition: expect.any(String) }],
      })
      expect(sns.asked.filter((path) => path.endsWith('.pem'))).toHaveLength(1)
    },
  )

  test.each([
    [bounceWith({ bounceSubType: 'NoEmail' }), 'hard'],
    [bounceWith({ bounceType: 'Transient', bounceSubType: 'MailboxFull' }), 'full'],
    [bounceWith({ bounceType: 'Transient', bounceSubType: 'General' }), 'delayed'],
    [bounceWith({ bounceType: 'Undetermined', bounceSubType: 'Undetermined' }), 'delayed'],
    [bounceWith({}, { status: '5.7.1', diagnosticCode: 'smtp; 554 5.7.1 blocked' }), 'policy'],
    [complaintWith('abuse'), 'complaint'],
    [delayWith(), 'delayed'],
  ])('event %#', async (make, expected) => {
    await post('ses', sns.notification(make(reader.address)))
    expect((await shown()).bounces.map((row) => row.kind)).toEqual([expected])
  })

  test('a subscription is confirmed by asking the address that it names', async () => {
    expect(await post('ses', sns.confirmation())).toEqual({ status: 200, answer: { taken: 0 } })
    expect(sns.asked).toContain('/?Action=ConfirmSubscription&Token=t')
  })

  test('what is not of our topic, not from SNS, changed or old is refused, and nothing is fetched for a stranger', async () => {
    const other = await openSns()
    const right = sns.notification(bounce())
    const fields = JSON.parse(right.body.toString())
    const wrong: [string, Post][] = [
      ['another topic', sns.notification(bounce(), { topic: TOPIC.replace('bounces', 'other') })],
      ['changed', { body: JSON.stringify({ ...fields, Message: fields.Message.replace('5.1.1', '5.1.2') }) }],
      ['another id', { body: JSON.stringify({ ...fields, MessageId: 'other' }) }],
      ['their own certificate', other.notification(bounce())],
      ['a certificate elsewhere', { body: JSON.stringify({ ...fields, SigningCertURL: 'http://127.0.0.1:9/x.pem' }) }],
      ['no certificate', { body: JSON.stringify({ ...fields, SigningCertURL: `${sns.origin}/none.pem` }) }],
      ['a version to come', { body: JSON.stringify({ ...fields, SignatureVersion: '3' }) }],
      ['no signature', { body: JSON.stringify({ ...fields, Signature: '' }) }],
      ['old', sns.notification(bounce(), { at: '2026-11-01T05:00:00.000Z' })],
      ['a confirmation that leads elsewhere', sns.confirmation('http://127.0.0.1:9/?Action=ConfirmSubscription')],
    ]
    for (const [name, one] of wrong)
      expect({ name, status: (await post('ses', one)).status }).toEqual({
        name,
        status: name === 'no certificate' ? 502 : 403,
      })
    expect(await shown()).toEqual(UNTOUCHED)
    expect(other.asked).toEqual([])
    await other.close()
  })

  test('without an endpoint of their own, certificates come from SNS in the region of the topic only', async () => {
    await bounces.addHook(world, 'test', { provider: 'ses', topic: TOPIC })
    const fields = JSON.parse(sns.notification(bounce()).body.toString())
    const places = [
      sns.cert, 'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-1.pem', 'http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem', 'https://sns.eu-central-1.amazonaws.com.evil.example/x.pem', 'https://sns.eu-central-1.amazonaws.com:8443/x.pem', 'https://sns.eu-central-1.amazonaws.com@127.0.0.1/x.pem', 'https://user@sns.eu-central-1.amazonaws.com/x.pem', 'https://evil.example/sns.eu-central-1.amazonaws.com/x.pem', 'https://sns.eu-central-1.amazonaws.com/?x.pem', 'https://bucket.s3.eu-central-1.amazonaws.com/x.pem',
    ] // biome-ignore format: one list
    for (const SigningCertURL of places) {
      const { status } = await post('ses', { body: JSON.stringify({ ...fields, SigningCertURL }) })
      expect({ SigningCertURL, status }).toEqual({ SigningCertURL, status: 403 })
    }
    expect(sns.asked).toEqual([])
    const genuine = 'https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem'
    const { status } = await post('ses', { body: JSON.stringify({ ...fields, SigningCertURL: genuine }) })
    expect(status).toBe(502) // it would have been asked; no test reaches that far
    expect(await shown()).toEqual(UNTOUCHED)
  })
})

describe('hooks', () => {
  beforeEach(() => begin('sqlite'))

  test('a provider that was not added is not heard, nor one that was removed', async () => {
    for (const name of ['ses', 'postmark', 'nobody', 'constructor'])
      expect((await post(name, { body: '{}' })).status).toBe(404)
    await bounces.addHook(world, 'test', { provider: 'mailgun', key: KEY })
    expect((await post('mailgun', { body: '{}' })).status).toBe(403)
    await bounces.removeHook(world, 'test', 'mailgun')
    expect((await post('mailgun', { body: '{}' })).status).toBe(404)
  })

  test('secrets are not in the database, and another key ring does not read them', async () => {
    await bounces.addHook(world, 'test', { provider: 'mailgun', key: KEY })
    const rows = await world.db.selectFrom('hook').selectAll().execute()
    const trail = await world.db.selectFrom('change').selectAll().execute()
    expect(JSON.stringify([rows, trail, world.logs, await bounces.hooks(world)])).not.toContain(KEY)
    const stranger = { ...world, keys: new Map([[1, Buffer.alloc(32)]]) }
    await expect(
      bounces.hear(stranger, 'mailgun', { header: () => undefined, body: Buffer.from('{}') }),
    ).rejects.toThrow()
  })

  test.each([
    [{ provider: 'ses' }, 'hook-setting'],
    [{ provider: 'ses', topic: 'arn:aws:s3:::bucket' }, 'hook-setting'],
    [{ provider: 'ses', topic: TOPIC, endpoint: 'ftp://x' }, 'bad-url'],
    [{ provider: 'sendgrid', key: 'not a key' }, 'hook-setting'],
    [{ provider: 'mailgun', key: 'short' }, 'hook-setting'],
    [{ provider: 'smoke-signals' }, 'hook-unknown'],
  ])('%o is refused with %s', async (draft, code) => {
    await expect(bounces.addHook(world, 'test', draft)).rejects.toMatchObject({ code })
  })

  test('a body that is too large is refused', async () => {
    await bounces.addHook(world, 'test', { provider: 'mailgun', key: KEY })
    expect((await post('mailgun', { body: 'x'.repeat(3_000_000) })).status).toBe(413)
  })
})

function bounceWith(more: Record<string, unknown>, recipient: Record<string, unknown> = {}) {
  return (emailAddress: string) => ({
    notificationType: 'Bounce',
    bounce: {
      ...{ bounceType: 'Permanent', bounceSubType: 'General' },
      bouncedRecipients: [{ emailAddress, ...recipient }],
      ...more,
    },
    mail: { messageId: 'x' },
  })
}

function complaintWith(complaintFeedbackType: string) {
  return (emailAddress: string) => ({
    eventType: 'Complaint',
    complaint: { complainedRecipients: [{ emailAddress }], complaintFeedbackType },
    mail: { messageId: 'x' },
  })
}

function delayWith() {
  return (emailAddress: string) => ({
    eventType: 'DeliveryDelay',
    deliveryDelay: { delayedRecipients: [{ emailAddress, diagnosticCode: '451 later' }] },
    mail: { messageId: 'x' },
  })
}

/** What SNS is to us: a host with a certificate of its own making, and messages that are signed with its key. */
async function openSns() {
  const folder = mkdtempSync(join(tmpdir(), 'nashra-sns-'))
  const files = { key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') }
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '3650', '-subj', '/CN=sns.test', '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' }) // biome-ignore format: one command
  const key = readFileSync(files.key)
  const pem = readFileSync(files.cert)
  rmSync(folder, { recursive: true })
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url!)
    if (request.url!.startsWith('/SimpleNotificationService')) response.end(pem)
    else response.writeHead(request.url!.startsWith('/?') ? 200 : 404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const origin = `http://${host}`
  const cert = `${origin}/SimpleNotificationService-0123abcd.pem`
  function signed(fields: Record<string, string>, version: string): Post {
    const text = Object.keys(fields)
      .sort()
      .map((name) => `${name}\n${fields[name]}\n`)
      .join('')
    const Signature = sign(version === '1' ? 'RSA-SHA1' : 'RSA-SHA256', Buffer.from(text), key).toString('base64')
    const whole = { ...fields, SignatureVersion: version, Signature, SigningCertURL: cert }
    return { body: JSON.stringify(whole), headers: { 'Content-Type': 'text/plain; charset=UTF-8' } }
  }
  return {
    ...{ host, origin, cert, asked },
    notification: (message: unknown, { version = '2', topic = TOPIC, at = '2026-11-23T04:59:00.000Z' } = {}) =>
      signed(
        { Type: 'Notification', MessageId: 'm-1', TopicArn: topic, Timestamp: at, Message: JSON.stringify(message) },
        version,
      ),
    confirmation: (url = `${origin}/?Action=ConfirmSubscription&Token=t`) =>
      signed(
        { Type: 'SubscriptionConfirmation', MessageId: 'm-2', TopicArn: TOPIC, Timestamp: '2026-11-23T04:59:00.000Z', Token: 't', SubscribeURL: url, Message: 'You have chosen to subscribe' }, // biome-ignore format: one message
        '2',
      ),
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  }
}
