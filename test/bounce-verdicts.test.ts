import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openReader } from '../src/bounces/reader.ts'
import type { Verdict } from '../src/bounces/verdict.ts'

const FOLDER = resolve(import.meta.dirname, 'bounces')
const reader = openReader()
afterAll(() => reader.close())

/** What each message in `test/bounces/` is: `kind status` of a report, else what it is. */
const VERDICTS: Record<string, string> = {
  'arabic-own-words': 'full 5.2.2',
  'arf-abuse': 'complaint',
  'arf-auth-failure': 'automatic',
  'arf-fraud': 'complaint',
  'arf-not-spam': 'automatic',
  'arf-opt-out': 'leaving',
  'auto-arabic': 'automatic',
  'auto-arabic-away': 'automatic',
  'auto-outlook-english': 'automatic',
  'auto-precedence': 'automatic',
  'auto-receipt': 'automatic',
  'auto-rfc3834': 'automatic',
  'auto-turkish': 'automatic',
  'auto-turkish-away': 'automatic',
  'auto-x-autoreply': 'automatic',
  'exchange-arabic': 'hard 5.1.1',
  'exchange-delayed': 'delayed 4.4.7',
  'exchange-expired': 'soft 5.4.1',
  'exchange-full': 'full 5.2.2',
  'exchange-not-found': 'hard 5.1.10',
  'exchange-old': 'hard 5.1.1',
  'exchange-old-quota': 'full 5.2.2',
  'exchange-restricted': 'policy 5.7.133',
  'exchange-turkish': 'hard 5.2.1',
  'exim-dsn': 'hard 5.1.1',
  'exim-policy': 'policy 5.7.1',
  'exim-quota': 'full 5.2.2',
  'exim-unknown-user': 'hard 5.1.1',
  'exim-unrouteable': 'soft',
  'exim-warning': 'delayed',
  'gmail-delayed': 'delayed 4.4.1',
  'gmail-disabled': 'hard 5.2.1',
  'gmail-full': 'full 4.2.2',
  'gmail-not-found': 'hard 5.1.1',
  'gmail-plain': 'hard 5.1.1',
  'gmail-unauthenticated': 'policy 5.7.26',
  'letter-about-bounces': 'other',
  'letter-arabic': 'other',
  'letter-english': 'other',
  'letter-turkish': 'other',
  'order-arabic': 'order',
  'order-arabic-stop': 'order',
  'order-english': 'order',
  'order-stop': 'order',
  'order-subject': 'order',
  'order-turkish': 'order',
  'order-turkish-leave': 'order',
  'outlook-515': 'policy 5.7.515',
  'outlook-blocked': 'policy 5.7.1',
  'outlook-unavailable': 'soft 5.5.0',
  'postfix-delayed': 'delayed 4.4.1',
  'postfix-expired': 'delayed 4.4.1',
  'postfix-full-expired': 'full 4.2.2',
  'postfix-generic-code': 'soft 5.0.0',
  'postfix-loop': 'soft 5.4.6',
  'postfix-mailbox-full': 'full 5.2.2',
  'postfix-no-domain': 'soft 5.4.4',
  'postfix-relay-denied': 'policy 5.7.1',
  'postfix-spam-policy': 'policy 5.7.1',
  'postfix-success': 'automatic',
  'postfix-too-large': 'soft 5.3.4',
  'postfix-unknown-user': 'hard 5.1.1',
  'qmail-no-host': 'hard 5.1.2',
  'qmail-no-mailbox': 'hard 5.1.1',
  'qmail-quota': 'full 5.2.2',
  'qmail-remote': 'hard 5.1.1',
  'qmail-tried-long': 'delayed 4.3.0',
  'sendmail-plain': 'hard 5.1.1',
  'turkish-own-words': 'hard 5.1.1',
  'yahoo-deferred-policy': 'policy 5.7.9',
  'yahoo-no-account': 'hard 5.1.1',
  'yahoo-ts03': 'policy 4.7.1',
}

describe('a message that came in', () => {
  test.each(Object.entries(VERDICTS))('%s is %s', async (name, verdict) => {
    expect(said(await read(name))).toBe(verdict)
  })

  test('is in the table, whichever there are', () => {
    const files = readdirSync(FOLDER).map((name) => name.replace(/\.eml$/, ''))
    expect(files.sort()).toEqual(Object.keys(VERDICTS).sort())
  })
})

async function read(name: string): Promise<Verdict> {
  const message = await reader.read(readFileSync(join(FOLDER, `${name}.eml`)))
  if (!message || message === 'busy') throw new Error(`${name} cannot be read`)
  return message.verdict
}

function said(verdict: Verdict): string {
  if (verdict.what !== 'report') return verdict.what
  return verdict.findings.map(({ kind, status }) => (status ? `${kind} ${status}` : kind)).join(', ')
}
