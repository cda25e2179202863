import { monitorEventLoopDelay } from 'node:perf_hooks'
import { sql } from 'kysely'
import { readConfig } from '../src/config.ts'
import { openApp } from '../src/open.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { openRelay } from '../test/relay.ts'
import { edition, mailing } from '../test/mailing.ts'
import { mkdtempSync, rmSync } from 'node:fs'
const N = Number(process.argv[2] ?? 50000)
const folder = mkdtempSync('/var/tmp/nashra-domains-')
const relay = await openRelay()
const app = await openApp(readConfig({ NASHRA_DATA: folder, NASHRA_FROM: 'a <paper@news.example>', NASHRA_URL: 'https://news.example', NASHRA_LOG: 'error', NASHRA_SMTP: `${relay.url}?${process.argv[3] ?? 'domains=gmail.com:5'}` }))
const list = await mailing(app as never, N)
await sql`update subscriber set address = replace(address, 'example.org', 'gmail.com') where id % ${N} < ${Math.floor(N * 0.9)}`.execute(app.db)
await edition(app as never, { ...list, readers: list.readers.slice(0, 5000) }, {})
// the rest of the recipients, in chunks as a digest does
console.log('readers', N)
const one = await app.db.selectFrom('edition').selectAll().executeTakeFirstOrThrow()
const part = await app.db.selectFrom('part').select('id').executeTakeFirstOrThrow()
for (let at = 5000; at < N; at += 5000) await app.db.transaction().execute((db) => deliveries.queue(db, one, list.readers.slice(at, at + 5000).map(({ subscriber_id, subscription_id }) => ({ subscriber_id, subscription_id, part_id: part.id, told_before: 0 })), one.due_at))
const abort = new AbortController()
const delay = monitorEventLoopDelay({ resolution: 5 }); delay.enable()
const from = performance.now()
const timer = setInterval(() => {
  const g = relay.received.filter(({ to }) => to.endsWith('gmail.com')).length
  const seconds = (performance.now() - from) / 1000
  const others = relay.received.length - g
  console.log(seconds.toFixed(1), 'others', others, 'gmail', g, (g / seconds).toFixed(2) + '/s', 'rss', Math.round(process.memoryUsage().rss / 1e6), 'max ms', Math.round(delay.max / 1e6)); delay.reset()
  if (seconds > 45) { clearInterval(timer); abort.abort() }
}, 3000)
console.log(await deliveries.sendUntilEmpty(app, { wait: 0, signal: abort.signal }))
clearInterval(timer)
console.log(await deliveries.verify(app.db, one.public_id).then(({ doubted, ...v }) => v))
await app.database.close(); await relay.close(); rmSync(folder, { recursive: true })
