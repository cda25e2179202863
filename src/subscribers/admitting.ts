import { sql } from 'kysely'
import { kindOf } from '../../db/database.ts'
import type { Instant } from '../../db/instant.ts'
import { rowsOf } from '../../db/rows.ts'
import type { Db } from '../../db/schema.ts'
import { publicIds } from '../ids.ts'
import { ERASED, mayGo } from './bars.ts'
import { type Change, change } from './changing.ts'
import { choices, without } from './choices.ts'
import { noteFields } from './entered.ts'
import { type Known, known, saidYesSince, subscriberOf } from './known.ts'
import type { List } from './lists.ts'
import { saysMore, writeMore } from './more.ts'
import { unheardOf } from './nos.ts'
import type { Reader } from './rows.ts'
import { welcome } from './strangers.ts'
import { type Evidence, testify } from './testimony.ts'
import { withoutShared } from './within.ts'

/**
 * A reader of a file, as all its rows together say; `copies` are further rows of the same address, `gone` the files that say
 * that they left or bounced.
 */
export type Candidate = Reader & { copies: number; file: number; line: number; gone?: number[] }

/** What became of a candidate. `left` and `suppressed` are also those whom the file itself says to be so. */
export type Verdict = 'added' | 'updated' | 'unchanged' | 'left' | 'suppressed' | 'pending' | 'erased'

/**
 * What is done with a chunk of candidates: `departing` and `dying` are those who are now known to have left or to be dead and
 * were not, `repeated` those of whom only another file said so. `strangers` are also added, and nothing was known of them.
 */
export type Admission = {
  verdicts: Verdict[]
  changed: boolean
  added: Candidate[]
  strangers: Candidate[]
  departing: { candidate: Candidate; before: Known | undefined }[]
  dying: Candidate[]
  repeated: Candidate[]
  changes: Change[]
}

/** Judges each candidate; nothing is written. `prints` tell the files from others. */
export async function judge(
  db: Db,
  { list, everywhere }: Pick<Run, 'list' | 'everywhere'>,
  said: Candidate[],
  prints: string[],
): Promise<Admission> {
  const found = await known(db, list, said)
  const candidates = everywhere ? said : await withoutShared(db, list, said, found)
  const stays = await saidYesSince(
    db,
    list,
    candidates.filter((one, n) => one.fate === 'left' && found.get(n)?.state === 'active'),
  )
  const done: Admission = {
    ...{ verdicts: [], changed: false, added: [], strangers: [], departing: [], dying: [], changes: [] },
    repeated: await unheardOf(
      db,
      list,
      candidates.filter((one, n) => isRepeated(one, found.get(n))),
      prints,
    ),
  }
  const verdicts = candidates.map((one, n) => (stays.has(one.hash) ? 'unchanged' : verdictOf(one, found.get(n))))
  const own = await choices(
    db,
    verdicts.flatMap((verdict, n) => (verdict === 'updated' ? [found.get(n)!.subscription_id!] : [])),
  )
  for (const [n, whole] of candidates.entries()) {
    const before = found.get(n)
    const chosen = verdicts[n] === 'updated' && own.get(before!.subscription_id!)
    const candidate = chosen ? without(whole, chosen) : whole // what a reader chose wins over any file
    const verdict = chosen ? verdictOf(candidate, before) : verdicts[n]!
    done.verdicts.push(verdict)
    if (verdict === 'added') (before ? done.added : done.strangers).push(candidate)
    if (verdict === 'updated') done.changes.push({ candidate, before: before! })
    if (verdict === 'suppressed' && !before?.suppressed) done.dying.push(candidate)
    if (isDeparting(candidate, verdict, before)) done.departing.push({ candidate, before })
  }
  const { added, strangers, departing, dying, changes, repeated } = done
  done.changed = [added, strangers, departing, dying, changes, repeated].some((some) => some.length > 0)
  return done
}

/** Also one who may not be written to for now: that may be lifted, and who left has left. */
function isDeparting({ fate }: Candidate, verdict: Verdict, before: Known | undefined): boolean {
  if (before?.state === 'left') return false
  if (verdict === 'suppressed') return fate === 'left' && mayBeLifted(before)
  return verdict === 'left'
}

function isRepeated({ fate }: Candidate, before: Known | undefined): boolean {
  if (fate === 'bounced') return before?.suppressed != null && mayBeLifted(before)
  return fate === 'left' && before?.state === 'left' && before.left_reason === 'import' && before.erased_at === null
}

function mayBeLifted(before: Known | undefined): boolean {
  return before?.erased_at == null && mayGo(before?.barred_for ?? ERASED)
}

function verdictOf(candidate: Candidate, before: Known | undefined): Verdict {
  if (before?.suppressed || candidate.fate === 'bounced') return 'suppressed'
  if (before?.erased_at) return 'erased'
  if (before?.state === 'left' || candidate.fate === 'left') return 'left'
  if (candidate.fate === 'waits') return before?.state === 'active' ? 'unchanged' : 'pending'
  if (!before?.state) return 'added'
  return differs(candidate, before) ? 'updated' : 'unchanged'
}

function differs(reader: Reader, before: Known): boolean {
  return (
    before.state === 'pending' ||
    (['name', 'language', 'format', 'zone'] as const).some(
      (key) => reader[key] !== undefined && reader[key] !== before[key],
    ) ||
    (reader.more !== undefined && saysMore(reader.more, before))
  )
}

/** The import that a chunk belongs to, and its one moment; `everywhere` as in the options of `importFiles`. */
export type Run = { id: number; actor: string; at: Instant; list: List; from: string; everywhere: boolean }

/** Writes what was judged, in the caller's transaction. */
export async function admit(
  db: Db,
  run: Run,
  { strangers, departing, dying, changes, repeated, ...known }: Admission,
): Promise<void> {
  const added = [...known.added, ...(await welcome(db, run, strangers))]
  const newcomers = departing.filter(({ before }) => !before?.subscription_id).map(({ candidate }) => candidate)
  await enter(db, run, [...added, ...newcomers])
  await change(db, run, changes, departing)
  await noteFields(db, run, [
    ...known.added,
    ...departing.flatMap(({ candidate, before }) => (before ? [candidate] : [])),
  ])
  await writeMore(db, run.list, [
    ...known.added,
    ...strangers,
    ...newcomers,
    ...changes.map(({ candidate }) => candidate),
  ])
  await bury(db, run, dying)
  const evidence: Evidence[] = []
  for (const one of [...added, ...changes.filter(({ before }) => before.state === 'pending').map((c) => c.candidate)]) {
    const { hash, asked, confirmed } = one
    if (asked) evidence.push({ hash, kind: 'asked', ...asked })
    if (confirmed) evidence.push({ hash, kind: 'confirmed', ...confirmed })
    evidence.push({ hash, kind: 'imported', at: run.at })
  }
  for (const { candidate } of departing)
    evidence.push({ hash: candidate.hash, kind: 'left', at: candidate.at ?? run.at })
  for (const { hash, fate, at } of [...dying, ...repeated])
    evidence.push({ hash, kind: fate === 'bounced' ? 'bounced' : 'left', at: at ?? run.at })
  await testify(db, run, evidence)
}

const ENTERED = ['word', 'word', 'word', 'word', 'word', 'word', 'word', 'word', 'whole', 'whole'] as const

/**
 * Subscribers where they are new, and their subscriptions, in the order of the file. Two statements and one for what they
 * made, each with the same text for every chunk: no row of a new reader ever comes back here.
 */
async function enter(db: Db, { id, list, at }: Run, candidates: Candidate[]): Promise<void> {
  if (candidates.length === 0) return
  candidates.sort((a, b) => a.file - b.file || a.line - b.line)
  const ids = publicIds(candidates.length)
  const rows = rowsOf(
    kindOf(db),
    ENTERED,
    candidates.map((one, n) => [
      one.hash,
      ids[n]!,
      one.address,
      one.name ?? null,
      one.fate === 'left' ? 'left' : 'active',
      one.language ?? list.language,
      one.format ?? 'html',
      one.zone ?? null,
      one.fate === 'left' ? null : at,
      one.fate === 'left' ? (one.at ?? at) : null,
    ]),
  )
  const row = sql`row (hash, public_id, address, name, state, language, format, zone, confirmed_at, left_at)`
  const last = await db
    .selectFrom('subscription')
    .select(({ fn }) => fn.max('id').as('id'))
    .executeTakeFirst()
  await sql`
    with ${row} as (${rows})
    insert into subscriber (public_id, address, address_hash, name, created_at)
    select public_id, address, hash, name, cast(${at} as bigint) from row where true on conflict do nothing`.execute(db)
  await sql`
    with ${row} as (${rows})
    insert into subscription (list_id, subscriber_id, state, sections, format, language, zone, feed_epoch, created_at, confirmed_at, left_at, left_reason)
    select cast(${list.id} as bigint), ${subscriberOf('row.hash')}, state, '', format, language, zone, 0, cast(${at} as bigint), confirmed_at,
      left_at, case when left_at is null then null else 'import' end
    from row where true on conflict do nothing`.execute(db)
  // All that is newer than the last one and of this import's own moment: nothing has to be looked for by its address again.
  await sql`
    insert into import_entry (import_id, kind, row_id)
    select cast(${id} as bigint), 'subscription', id from subscription
    where id > ${last?.id ?? 0} and list_id = ${list.id} and created_at = ${at} on conflict do nothing`.execute(db)
}

/** Never again to those whose mailbox is dead, or who called it spam, on any list. */
async function bury(db: Db, { id, actor, at, from }: Run, dying: Candidate[]): Promise<void> {
  if (dying.length === 0) return
  const rows = rowsOf(
    kindOf(db),
    ['word', 'word', 'whole'],
    dying.map((one) => [one.hash, one.address, one.at ?? at]),
  )
  const { rows: fresh } = await sql<{ id: number }>`
    with row (hash, address, at) as (${rows})
    insert into suppression (address_hash, address, reason, actor, created_at)
    select hash, address, ${from}, ${actor}, at from row where true on conflict do nothing returning id`.execute(db)
  const entries = rowsOf(
    kindOf(db),
    ['whole'],
    fresh.map((one) => [one.id]),
  )
  await sql`
    with row (id) as (${entries})
    insert into import_entry (import_id, kind, row_id) select cast(${id} as bigint), 'suppression', id from row`.execute(
    db,
  )
}
