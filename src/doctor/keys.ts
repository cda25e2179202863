import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as dkim from '../dkim/index.ts'
import { sentence } from '../locale.ts'
import * as mail from '../mail.ts'
import { Problem } from '../problem.ts'
import { relaysOf } from '../relay-settings.ts'
import { coded, type Finding, fail, ok, warn } from './finding.ts'
import { type Names, published } from './names.ts'

const ADD =
  'nashra dkim add makes a key and says what to publish; a relay that signs by itself gets ?sign=no in NASHRA_SMTP.'

/** Whether letters of this domain are signed: with a key that signs, and that receivers find. */
export async function keys(app: App, domain: string, dns: Names): Promise<Finding[]> {
  const relays = relaysOf(app).filter((relay) => relay.sign)
  if (relaysOf(app).length > 0 && relays.length === 0)
    return [coded(ok('DKIM', 'the relays sign (sign=no)'), 'dkim-relays', { domain })]
  const all = await dkim.all(app.read)
  const now = instant(app.now())
  const key = dkim.current(all, domain, now)
  const later = all.filter((one) => one.domain === domain && one.signs_at > now)
  const findings = key ? [await usable(app, key), await published(dkim.record(key), dns)] : []
  if (!key) findings.push(unsigned(domain, all.length > 0 && !relays.every(mail.onLoopback)))
  for (const one of later) findings.push(await published(dkim.record(one), dns, warn))
  return findings
}

function unsigned(domain: string, held: boolean): Finding {
  const finding = held
    ? fail('DKIM', `There is no key for ${domain}, so nothing is sent from it.`, ADD)
    : warn('DKIM', `Letters from ${domain} go unsigned, and most inboxes refuse them.`, ADD)
  return coded(finding, 'dkim-missing', { domain })
}

async function usable(app: App, key: dkim.DkimKey): Promise<Finding> {
  try {
    await dkim.open(app, key)
    return coded(ok('DKIM key', `${key.selector} of ${key.domain} signs`), 'dkim-signs', { selector: key.selector })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return coded(
      fail('DKIM key', sentence('en', error), 'nashra dkim rotate, and publish the record that it prints.'),
      'dkim-broken',
      { selector: key.selector },
    )
  }
}
