import { instant } from '../../db/instant.ts'
import type { App } from '../app.ts'
import * as deliveries from '../deliveries/index.ts'
import { type Finding, fail, ok, warn } from './finding.ts'

/** Whether the domains that letters go to take them, and whether readers call them spam. */
export async function inboxes(app: App): Promise<Finding[]> {
  const now = instant(app.now())
  const paused = await deliveries.pausedDomains(app.read, now)
  const complained = await deliveries.complainedOf(app.read, now)
  if (paused.length + complained.length === 0) return [ok('inboxes', 'no domain refuses us')]
  return [
    ...paused.map(({ domain, until, reason }) =>
      warn(
        `inboxes ${domain}`,
        `It refuses us, so its letters wait until ${until}: ${reason}`,
        `Mend what it names (SPF, DKIM, DMARC, reputation, content), then nashra domain resume ${domain}`,
      ),
    ),
    ...complained.map(({ digest, day, complaints, held }) => {
      const says = `${complaints} readers call ${digest} of ${day} spam.`
      const look = 'Look at what it carries and at where its readers come from.'
      if (!held) return warn('complaints', says, look)
      return fail('complaints', `${says} The rest of it is held.`, `${look} Then nashra edition resume sends it on.`)
    }),
  ]
}
