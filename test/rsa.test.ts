import { generateKeyPairSync, type KeyObject, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { rsa } from '../src/dkim/rsa.ts'

const pairs = [pair(), pair()]
const texts = Array.from({ length: 60 }, (_, index) => `letter ${index} ${'\u00e9'.repeat(index === 7 ? 9000 : 700)}`)

function pair() {
  return generateKeyPairSync('rsa', { modulusLength: 2048 })
}

function holds(text: string, key: KeyObject, signature: string): boolean {
  return verify('sha256', Buffer.from(text, 'latin1'), key, Buffer.from(signature, 'base64'))
}

/** How many threads of this process are more polite than its main one. */
function polite(): number {
  const own = niceness(String(process.pid))!
  return readdirSync('/proc/self/task').filter((id) => (niceness(id) ?? own) > own).length
}

function niceness(id: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/self/task/${id}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])
  } catch {
    return undefined // it has just ended
  }
}

test('a few signatures need no thread of their own', async () => {
  const { privateKey, publicKey } = pairs[0]!
  const signatures = await Promise.all(texts.slice(0, 5).map((text) => rsa(text, privateKey)))
  expect(signatures.every((signature, index) => holds(texts[index]!, publicKey, signature))).toBe(true)
  if (process.platform === 'linux') expect(polite()).toBe(0)
})

test('many with keys by turns each get their own, from a thread that gives way while the others do not', async () => {
  const signatures = await Promise.all(texts.map((text, index) => rsa(text, pairs[index % 2]!.privateKey)))
  signatures.forEach((signature, index) => {
    expect(holds(texts[index]!, pairs[index % 2]!.publicKey, signature)).toBe(true)
  })
  if (process.platform === 'linux') expect(polite()).toBe(1)
})

test('a key that cannot sign fails its own letters; those asked for with it and after it are signed', async () => {
  const { privateKey, publicKey } = pairs[0]!
  const wrong = generateKeyPairSync('x25519').privateKey // for agreements, not for signatures
  const all = await Promise.allSettled(texts.map((text, index) => rsa(text, index % 10 === 0 ? wrong : privateKey)))
  all.forEach((one, index) => {
    expect(one.status).toBe(index % 10 === 0 ? 'rejected' : 'fulfilled')
    if (one.status === 'fulfilled') expect(holds(texts[index]!, publicKey, one.value)).toBe(true)
  })
  const later = await Promise.all(texts.map((text) => rsa(text, privateKey)))
  expect(later.every((signature, index) => holds(texts[index]!, publicKey, signature))).toBe(true)
})
