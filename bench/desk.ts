/*
 * How long the desk's pages take with a million readers and a hundred thousand articles: the dashboard, and the first page
 * of each table, also filtered.
 *
 *   node bin/node26.js bench/desk.ts [--readers 1000000] [--articles 100000] [--postgres postgres://…, an empty database]
 *
 * At the end an edition's letters are counted one by one, as when somebody asks for it.
 *
 * The reference is the desk's page that reads next to nothing (one's own account), in the same run. Wanted: under 300 ms
 * each, the first time too.
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import * as accounts from '../src/accounts/index.ts'
import * as articles from '../src/articles/index.ts'
import { readConfig } from '../src/config.ts'
import * as deliveries from '../src/deliveries/index.ts'
import { openApp } from '../src/open.ts'
import { handler } from '../src/web/server.ts'
import { crowd } from './crowd.ts'
import { story } from './stories.ts'

const { values } = parseArgs({
  options: {
    readers: { type: 'string', default: '1000000' },
    articles: { type: 'string', default: '100000' },
    postgres: { type: 'string' },
  },
})
const ROUNDS = 5
const URL_HERE = 'https://news.example'
const PAGES = [
  '/admin/me',
  '/admin',
  '/admin/articles',
  '/admin/articles?state=withdrawn',
  '/admin/articles?section=اقتصاد',
  '/admin/articles?q=البرتقال',
  '/admin/articles?state=waiting',
  '/admin/channels',
  '/admin/sources',
  '/admin/sources?state=silent',
  '/admin/lists',
  '/admin/lists/morning',
  '/admin/readers',
  '/admin/readers?list=morning&state=left',
  '/admin/readers?language=tr&domain=gmail.com',
  '/admin/readers?search=reader.00',
  '/admin/readers?search=محمد',
  '/admin/readers?suppressed=yes',
  `/admin/readers?joined-after=${daysAgo(7)}`,
  `/admin/readers?left-after=${daysAgo(7)}`,
  `/admin/readers?list=staff&left-after=${daysAgo(7)}`,
  '/admin/readers/import',
  '/admin/readers/suppressions',
  '/admin/segments',
  '/admin/digests',
  '/admin/digests/morning',
  '/admin/digests/morning/coming',
  '/admin/digests/editions',
  '/admin/digests/editions/e0000000000',
  '/admin/digests/editions/e0000000000/deliveries',
  '/admin/digests/editions/e0000000000/deliveries?state=submitted',
  '/admin/digests/editions/e0000000000/deliveries?state=waiting',
  '/admin/digests/editions/e0000000000/deliveries?state=uncertain',
  '/admin/people',
  '/admin/settings/trail',
  '/admin/settings/trail?kind=digests&actor=reader',
  '/admin/settings/trail?q=البرتقال&from=2026-01-01',
]

const folder = mkdtempSync(join(tmpdir(), 'nashra-bench-'))
const app = await openApp(
  readConfig({
    ...{ NASHRA_DATA: folder, NASHRA_URL: URL_HERE, NASHRA_LOG: 'error' },
    ...(values.postgres && { NASHRA_DATABASE: values.postgres }),
  }),
)
try {
  await fill()
  const ask = await signedIn()
  console.log(
    `${values.readers} readers, ${values.articles} articles, ${app.database.kind}\n\n| page | first | best of ${ROUNDS} |\n|---|--:|--:|`,
  )
  let slowest = 0
  for (const page of PAGES) {
    const times: number[] = []
    for (let round = 0; round <= ROUNDS; round++) times.push(await timed(ask, page))
    slowest = Math.max(slowest, times[0]!)
    console.log(`| ${page} | ${times[0]!.toFixed(0)} ms | ${Math.min(...times.slice(1)).toFixed(0)} ms |`)
  }
  console.log(`\nthe slowest first answer: ${slowest.toFixed(0)} ms`)
  console.log(await counting())
} finally {
  await app.database.close()
  rmSync(folder, { recursive: true, force: true })
}

async function fill(): Promise<void> {
  const count = Number(values.articles)
  const file = join(folder, 'articles.jsonl')
  for (let start = 0; start < count; start += 5000)
    writeFileSync(
      file,
      Array.from(
        { length: Math.min(5000, count - start) },
        (_, n) => `${JSON.stringify(story(start + n, count))}\n`,
      ).join(''),
      { flag: 'a' },
    )
  await articles.importLines(app, 'bench', createReadStream(file))
  await crowd(app, Number(values.readers))
  await sql`insert into tally (edition_id, state, n) select edition_id, state, count(*) from delivery group by edition_id, state`.execute(
    app.db,
  )
  await lines(1_000_000)
  if (app.database.kind === 'postgres') await sql`analyze`.execute(app.db)
}

/** The trail of some years: mostly what readers did themselves. */
async function lines(most: number): Promise<void> {
  const numbers = sql`(with recursive s(n) as (select 1 union all select n + 1 from s where n < ${sql.lit(most)}) select n from s)`
  await sql`insert into change (actor, verb, subject, after, at)
    select case when n % 10 < 7 then 'reader' else 'job' end,
      case when n % 10 < 7 then 'subscription.prefer' else 'item.hold' end,
      case when n % 10 < 7 then 'subscription:' || n else 'source:' || (n % 100) end,
      '{"format":"text"}', cast(${Date.now()} as bigint) - cast(n as bigint) * 60000 from ${numbers} as s`.execute(
    app.db,
  )
}

/** An owner's browser. */
async function signedIn(): Promise<(path: string) => Promise<Response>> {
  const web = handler(app)
  const peer = { incoming: { socket: { remoteAddress: '127.0.0.1' } } }
  const { token } = await accounts.invite(app, 'bench', {
    address: 'owner@news.example',
    roles: [{ role: 'owner', list: 0 }],
  })
  const let_in = await web.request(
    `/admin/in/${token}`,
    {
      method: 'POST',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', Origin: URL_HERE },
      body: 'password=correct+horse+battery',
    },
    peer,
  )
  const Cookie = let_in.headers
    .getSetCookie()
    .map((one) => one.split(';')[0])
    .join('; ')
  return async (path) => web.request(encodeURI(path), { headers: { Cookie } }, peer)
}

/** An edition's letters counted one by one, in this process: nobody may be held up over 50 ms. */
async function counting(): Promise<string> {
  const delay = monitorEventLoopDelay({ resolution: 1 })
  delay.enable()
  const from = performance.now()
  await deliveries.recount(app, 1)
  delay.disable()
  const { recipients } = (await deliveries.verdicts(app.read, [1])).get(1)!
  return `${recipients} letters counted one by one in ${(performance.now() - from).toFixed(0)} ms; nobody was held up over ${(delay.max / 1e6).toFixed(0)} ms`
}

/** yyyy-mm-dd. */
function daysAgo(days: number): string {
  return Temporal.Now.plainDateISO('UTC').subtract({ days }).toString()
}

async function timed(ask: (path: string) => Promise<Response>, path: string): Promise<number> {
  const from = performance.now()
  const response = await ask(path)
  await response.text()
  if (response.status !== 200) throw new Error(`${path} answers ${response.status}`)
  return performance.now() - from
}
