import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { kindOf } from '../db/database.ts'
import { instant, later } from '../db/instant.ts'
import { rowsOf } from '../db/rows.ts'
import type { App } from '../src/app.ts'

const FIRST =
  'محمد أحمد علي فاطمة خديجة إبراهيم أمينة عبدالله يوسف مصطفى زينب مريم حسن حسين عائشة سارة نور إدريس آدم Ayşe İbrahim Ömer Çağla Emine Yusuf Sarah John Emma Thomas Ülkü'.split(
    ' ',
  )
const LAST =
  'الأتاسي الحلبي إدلبي الشامي العلي المصري الحموي الدمشقي السيد القدسي خليل عثمان Yılmaz Kaya Demir Şahin Çelik Öztürk Smith Jones Brown'.split(
    ' ',
  )
const DOMAINS = ['gmail.com', 'gmail.com', 'gmail.com', 'hotmail.com', 'hotmail.com', 'yahoo.com', 'outlook.com']
const DAY = 86_400_000

/**
 * Readers of the list `morning` (all), `weekly` (a fifth) and `staff` (a thousandth): names, domains, languages and states as
 * they lie on a real list, the same ones at every run. Some are suppressed, some bounced; an edition went to most.
 */
export async function crowd(app: App, readers: number): Promise<void> {
  const now = instant(app.now())
  const kind = kindOf(app.db)
  for (let start = 0; start < readers; start += 5000) {
    const rows = Array.from({ length: Math.min(5000, readers - start) }, (_, k) =>
      one(start + k, later(now, -900 * DAY)),
    )
    await sql`with fresh (public_id, address, address_hash, name, created_at, fields) as
        (${rowsOf(kind, ['word', 'word', 'word', 'word', 'whole', 'word'], rows)})
      insert into subscriber (public_id, address, address_hash, name, created_at, fields)
      select public_id, address, address_hash, name, created_at, fields from fresh`.execute(app.db)
  }
  for (const [at, [slug, every]] of Object.entries([
    ['morning', 1],
    ['weekly', 5],
    ['staff', 1000],
  ] as const)) {
    await sql`insert into list (id, slug, title, language, visibility, created_at)
      values (${Number(at) + 1}, ${slug}, ${slug}, 'ar', 'public', ${now})`.execute(app.db)
    await sql`insert into subscription (list_id, subscriber_id, created_at, confirmed_at, left_at, state, sections, format, language, feed_epoch, requested_at)
      select ${Number(at) + 1}, id, created_at, case when id % 50 = 7 then null else created_at + 60000 end,
        case when id % 13 = 5 then created_at + 86400000 end,
        case when id % 50 = 7 then 'pending' when id % 13 = 5 then 'left' else 'active' end, '',
        case when id % 9 = 1 then 'text' else 'html' end,
        case when id % 1000 = 3 then 'ku' when id % 10 < 7 then 'ar' when id % 10 < 9 then 'tr' else 'en' end, 0,
        case when id % 3 = 0 then created_at end
      from subscriber where id % ${every} = 0 order by id`.execute(app.db)
  }
  await sql`insert into suppression (address_hash, address, reason, actor, created_at)
    select address_hash, address, 'bounced 5.1.1', 'bounces', created_at from subscriber where id % 50 = 11`.execute(
    app.db,
  )
  await sql`insert into digest (id, slug, title, list_id, channel_id, max, min, max_age, late, created_at)
    select 1, 'morning', 'morning', 1, channel.id, 25, 1, 1, 1, ${now} from channel`.execute(app.db)
  await sql`insert into slot (id, digest_id, zone, minute, weekdays, next_on, next_at)
    values (1, 1, 'Europe/Istanbul', 480, 127, '2099-01-01', 4070908800000)`.execute(app.db)
  await sql`insert into edition (id, public_id, digest_id, day, slot_id, revision, state, subject, stories, to_seq, cursor, due_at, composed_at)
    values (1, 'e0000000000', 1, '2026-01-01', 1, 1, 'done', 's', 1, 1, 0, ${now}, ${now})`.execute(app.db)
  await sql`insert into part (id, edition_id, revision, from_seq, to_seq, language, sections, format, stories, subject, html, text)
    values (1, 1, 1, 0, 1, 'ar', '', 'html', 1, 's', '', '')`.execute(app.db)
  await sql`insert into delivery (edition_id, subscriber_id, subscription_id, part_id, state, told_before, due_at, attempts, submitted_at, reply)
    select 1, subscriber_id, id, 1, 'submitted', 0, ${now}, 1, ${now}, '250 ok' from subscription where list_id = 1 and state = 'active'`.execute(
    app.db,
  )
  await sql`insert into bounce (subscriber_id, edition_id, kind, words, domain, via, at)
    select id, 1, 'soft', '', '', 'mail', ${now} from subscriber where id % 40 = 3`.execute(app.db)
}

function one(n: number, from: number): (string | number | null)[] {
  const hash = createHash('md5').update(String(n)).digest()
  const [a, b, c, d] = hash as unknown as [number, number, number, number]
  const domain = a % 8 < 7 ? DOMAINS[a % 8]! : `paper${hash.readUInt16LE(5) % 3000}.example`
  const address = `${d % 50 === 0 ? 'Reader' : 'reader'}.${hash.toString('hex', 8, 12)}${n}@${domain}`
  const name = c % 5 === 0 ? null : `${FIRST[b % FIRST.length]} ${LAST[c % LAST.length]}`
  const fields = a % 3 === 0 ? JSON.stringify({ city: ['حلب', 'إدلب', 'İstanbul', 'Berlin'][b % 4], paid: c }) : null
  const key = createHash('sha256').update(address.toLowerCase()).digest('hex')
  return [hash.toString('hex', 0, 6) + n, address, key, name, from + (n % 900) * DAY + n, fields]
}
