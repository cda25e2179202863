import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { instant, later } from '../db/instant.ts'
import * as accounts from '../src/accounts/index.ts'
import * as articles from '../src/articles/index.ts'
import * as backups from '../src/backups/index.ts'
import * as channels from '../src/channels.ts'
import * as digests from '../src/digests/index.ts'
import * as dkim from '../src/dkim/index.ts'
import * as importRuns from '../src/import-runs/index.ts'
import * as relaySettings from '../src/relay-settings.ts'
import * as segments from '../src/segments/index.ts'
import * as subscribers from '../src/subscribers/index.ts'
import * as writing from '../src/writing.ts'
import { colleague, type Desk, openDesk } from './desk.ts'
import { bring, item, source } from './incoming.ts'
import type { Kind, World } from './world.ts'

/** The word that is in every title, name and address of what is foreign, and nowhere else. */
export const MARK = 'qaqnus'

/** What every name and title has in it besides, and no page may hold as it stands. */
export const WANTS = '<img src=x onerror=alert(1)>'

/** What something foreign is called. */
export function called(word: string): string {
  return `${MARK} ${word} ${WANTS}`
}

const PAPER = 'legwork' // a section that mine's channel carries, and nothing that is foreign stands in
const RULE = '{"domain":["posta.example"]}'
const RELAY = 'smtp://qaqnus:word@127.0.0.1:1' // nobody listens there

/** What is not `mine`: the ids by which addresses name it, by the word that routes have for them (`:edition`), and what forms name. */
export type Foreign = {
  ids: Record<string, string[]>
  list: string
  /** A reader of both lists: what concerns the other is not for who works for one. */
  both: string
  segment: string
  article: string
  coming: string
  day: string
  slot: number
  import: number
  item: string
  gone: string
  session: string
}

export type DeskWorld = { desk: Desk; mine: subscribers.List; other: subscribers.List; foreign: Foreign }

/** A paper with two lists: `mine`, which has a digest, and another, which has one of everything that the desk knows. */
export async function openDeskWorld(
  kind: Kind,
  environment: Record<string, string> = {},
): Promise<DeskWorld & AsyncDisposable> {
  const desk = await openDesk(kind, environment)
  const { world } = desk
  const mine = await subscribers.addList(world, 'cli', { slug: 'mine', title: 'Mine', public: true })
  await channels.add(world, 'cli', { slug: PAPER, title: PAPER, filter: { section: [PAPER] } })
  await digests.add(world, 'cli', { slug: 'mine', title: 'Mine', channel: PAPER, list: 'mine', at: '10:00' })
  await read(world, 'mine', 'own@posta.example', 'Own')
  await written(world, 'plain', PAPER)
  const other = await subscribers.addList(world, 'cli', { slug: `${MARK}-list`, title: called('list') })
  const rule = JSON.stringify({ not: { list: other.slug } }) // who works for all lists may name any
  await segments.add(world, 'cli', { slug: 'mine', title: 'Mine', list: 'mine', rule })
  const foreign = await fill(desk, other)
  return { desk, mine, other, foreign, [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose]() }
}

async function fill(desk: Desk, other: subscribers.List): Promise<Foreign> {
  const { world } = desk
  const list = other.slug
  await subscribers.setLetter(world, 'cli', list, {
    kind: 'welcome',
    language: 'ar',
    text: `${called('letter')}\n\nWords.`,
  })
  await segments.add(world, 'cli', { slug: `${MARK}-part`, title: called('part'), list, rule: RULE })
  const reader = await read(world, list, `${MARK}@posta.example`, called('reader'))
  await read(world, 'mine', 'both@posta.example', 'Both')
  const both = await read(world, list, 'both@posta.example', 'Both')
  const bounced = await read(world, list, `${MARK}-gone@posta.example`, called('bounced'))
  await subscribers.suppress(world, 'cli', `${MARK}-gone@posta.example`, 'bounced')
  const told = await stories(world)
  const sent = await editions(world, list)
  const person = await colleague(desk, 'reader', other.id)
  await accounts.describe(world, person.account, { name: called('colleague'), language: 'ar' })
  const { public_id: session } = (await accounts.sessionsOf(world, person.account.id))[0]!
  const roles: accounts.Granted[] = [{ role: 'owner', list: 0 }]
  const { token } = await accounts.invite(world, 'cli', { address: `${MARK}-invited@news.example`, roles })
  await machines(world)
  return {
    ids: {
      ...{
        token: [token],
        account: [person.account.public_id],
        list: [list],
        segment: [`${MARK}-part`],
        reader: [reader, bounced],
      },
      ...{ article: [told.article, told.withdrawn], revision: [told.revision], draft: [await draft(desk, person)] },
      ...{ item: [told.item], id: [String(told.source)], slug: [told.channel] },
      ...{ digest: sent.digests, edition: sent.ids, run: [await run(desk, other)] },
    },
    ...{ list, both, segment: `${MARK}-part`, article: told.article, item: told.item, session },
    ...{ coming: sent.coming, day: sent.slot.next_on, slot: sent.slot.id, gone: `${MARK}-gone@posta.example` },
    import: (await subscribers.imports(world, 50, [other.id]))[0]!.id,
  }
}

async function read(world: World, list: string, address: string, name: string): Promise<string> {
  await subscribers.importCsv(world, 'cli', Readable.from([`email,name\n${address},${name}\n`]), { list })
  const row = await world.db.selectFrom('subscriber').select('public_id').where('address', '=', address).execute()
  return row[0]!.public_id
}

async function written(world: World, title: string, section: string): Promise<articles.Edited> {
  const said = { title, body_html: '<p>Words.</p>', language: 'ar', section }
  return world.db.transaction().execute((db) => articles.write(db, 'cli', said, instant(world.now())))
}

/** A story that was changed and leads, one that was withdrawn, one of a source that waits, and the channel that has them. */
async function stories(world: World) {
  const at = instant(world.now())
  const channel = `${MARK}-channel`
  await channels.add(world, 'cli', { slug: channel, title: called('channel'), filter: { section: [MARK] } })
  const one = await written(world, called('first words'), MARK)
  const gone = await written(world, called('withdrawn'), MARK)
  const said = { title: called('story'), body_html: `<p>${MARK}</p>`, language: 'ar', section: MARK }
  await world.db.transaction().execute(async (db) => {
    await articles.edit(db, 'cli', one.public_id, said, { at })
    await articles.pin(db, 'cli', one.public_id, later(at, 1000 * 86_400_000), at)
  })
  await digests.withdraw(world, 'cli', gone.public_id, called('reason'))
  const from = await source(world, MARK, { title: called('source'), intake: 'hold' })
  await bring(world, from, [item(`${MARK}1`, { title: called('waiting'), at: world.now().toString() })])
  const waiting = await world.db.selectFrom('source_item').select('key').where('source_id', '=', from.id).execute()
  const [revision] = await articles.revisions(world.db, one.id)
  return {
    ...{ channel, article: one.public_id, withdrawn: gone.public_id, revision: String(revision!.id), source: from.id },
    item: `${from.id}.${Buffer.from(waiting[0]!.key).toString('base64url')}`,
  }
}

async function draft({ world }: Desk, { account }: { account: accounts.Account }): Promise<string> {
  const typed = { title: called('draft'), body: `<p>${MARK}</p>`, language: 'ar' }
  return (await writing.save(world.db, { account: account.id, at: instant(world.now()), typed })).draft
}

/** The other list's digests: one was sent yesterday and goes out today, one has never been sent. */
async function editions(world: World, list: string) {
  const slug = `${MARK}-digest`
  const draft = { title: called('digest'), channel: `${MARK}-channel`, list, at: '10:00', zone: 'Europe/Istanbul' }
  await digests.add(world, 'cli', { ...draft, slug })
  const first = await digests.composeNow(world, 'cli', slug)
  await world.db
    .updateTable('delivery')
    .set({ state: 'submitted', reply: `250 ${called('reply')}` })
    .execute()
  const done_at = instant(world.now())
  await world.db.updateTable('edition').set({ state: 'done', done_at }).execute()
  world.clock.advance({ hours: 24 })
  await written(world, called('news'), MARK)
  const next = (await digests.composeDue(world, 'cli')).find((one) => one.digest === slug)!
  await digests.add(world, 'cli', { ...draft, slug: `${MARK}-second` })
  const { public_id: coming } = await written(world, called('to come'), MARK)
  const { slot } = await digests.find(world.db, slug)
  const left = { state: 'left', left_at: done_at, left_reason: called('reason') }
  const { id } = await subscribers.findList(world.db, list)
  const both = world.db.selectFrom('subscriber').select('id').where('address', '=', 'both@posta.example')
  await world.db
    .updateTable('subscription')
    .set(left)
    .where('list_id', '=', id)
    .where('subscriber_id', '=', both)
    .execute()
  return { digests: [slug, `${MARK}-second`], ids: [first.edition!, next.edition!], coming, slot }
}

/** A run that was tried: its file lies there, and one of its rows was refused. */
async function run({ world }: Desk, other: subscribers.List): Promise<string> {
  const path = join(world.config.data, 'brought.csv')
  const text = `email\n${MARK}-new@posta.example\n`
  writeFileSync(path, text)
  const file = { name: `${called('file')}.csv`, path, bytes: text.length }
  const made = await importRuns.receive(world, 'cli', other, [file], 'ar')
  writeFileSync(importRuns.rejectsOf(world.config, made), `file,line\n${MARK},1\n`)
  return made.public_id
}

/** What the settings show: a key, a relay, a backup. */
async function machines(world: World): Promise<void> {
  await dkim.add(world, 'cli', { domain: `${MARK}.example` })
  await relaySettings.set(world, 'cli', RELAY)
  mkdirSync(backups.folderOf(world), { recursive: true })
  writeFileSync(join(backups.folderOf(world), `desk-${MARK}.tar.gz`), '')
}

/** Each address that a route has for what is foreign. */
export function pathsOf({ path }: { path: string }, { ids }: Pick<Foreign, 'ids'>): string[] {
  const [name] = /:\w+/.exec(path) ?? []
  if (name === undefined) return [path]
  const known = ids[name.slice(1)]
  if (!known) throw new Error(`nothing foreign is known for ${name} of ${path}: add it to desk-world.ts`)
  return known.flatMap((id) => pathsOf({ path: path.replace(name, id) }, { ids }))
}

/** All that is kept, but for when sessions were seen and how often somebody tried: what a refused deed must leave as it is. */
export async function kept({ db }: World): Promise<Record<string, string>> {
  const passing = ['session', 'allowance', 'sqlite_stat1']
  const tables = (await db.introspection.getTables()).map(({ name }) => name)
  const rows: Record<string, string> = {}
  for (const name of tables.filter((one) => !passing.includes(one) && !/fts|_search|kysely|^pg/.test(one))) {
    const all = await db
      .selectFrom(name as 'list')
      .selectAll()
      .execute()
    rows[name] = all
      .map((row) => JSON.stringify(row))
      .sort()
      .join() // PostgreSQL moves a row that was locked
  }
  return rows
}
