import { html } from 'hono/html'
import { instant } from '../../../db/instant.ts'
import * as articles from '../../articles/index.ts'
import { clockTime, say } from '../../locale.ts'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import * as site from '../../site.ts'
import { clean, excerpt, oneLine, plain } from '../../text.ts'
import * as writing from '../../writing.ts'
import { articleOf, noting } from './articles-doing.ts'
import { editorForm, keptNow, type Sheet } from './articles-form.ts'
import { meanwhile, notes } from './articles-notes.ts'
import { ROOM, tabs } from './articles-states.ts'
import { dialogs } from './articles-toolbar.ts'
import { keepPicture, keyOf, saidIn, tagOr, typedIn, typedOf } from './articles-typed.ts'
import { deskPage, hidden } from './frame.ts'
import { mistake } from './refusal.ts'
import { type Answer, actorOf, type Route, type Visit } from './routes.ts'
import { tellAt, toldHere } from './told.ts'

const LONGEST = 16 * 1024 * 1024 // bytes of a form with the longest text, percent-encoded

/** Where articles are written. */
export const editorRoutes: Route[] = [
  { method: 'GET', path: `${ROOM}/new`, allow: 'article.write', answer: fresh },
  { method: 'POST', path: `${ROOM}/save`, allow: 'article.write', takes: { files: media.MOST_BYTES }, answer: save },
  { method: 'POST', path: `${ROOM}/autosave`, allow: 'article.write', takes: { form: LONGEST }, answer: autosave },
  { method: 'POST', path: `${ROOM}/excerpt`, allow: 'article.write', takes: { form: LONGEST }, answer: excerptNow },
  { method: 'GET', path: `${ROOM}/drafts/:draft`, allow: 'article.write', answer: draftPage },
  { method: 'POST', path: `${ROOM}/drafts/:draft/drop`, allow: 'article.write', answer: drop },
  { method: 'GET', path: `${ROOM}/:article/edit`, allow: 'article.write', answer: editing },
]

async function fresh(visit: Visit): Answer {
  const { language, zone } = await site.show(visit.app, visit.app.read)
  return page(visit, { typed: { ...typedIn(new URLSearchParams()), language }, zone })
}

async function editing(visit: Visit): Answer {
  const { app, params } = visit
  const article = await articleOf(visit, params['article']!)
  if (article.withdrawn_at !== null) throw new Problem('article-withdrawn')
  const { zone } = await site.show(app, app.read)
  return page(visit, {
    article,
    base: article.fingerprint,
    typed: typedOf(articles.saidBy(article, article), zone),
    zone,
  })
}

async function draftPage(visit: Visit): Answer {
  const { app, params } = visit
  const draft = await writing.find(app.read, params['draft']!)
  const { zone } = await site.show(app, app.read)
  const article = draft.article_id === null ? undefined : (await articles.byIds(app.read, [draft.article_id]))[0]
  return page(visit, {
    ...{ article, zone, typed: draft.typed, draft: { id: draft.public_id, version: draft.version } },
    base: draft.base ?? undefined,
  })
}

async function page(visit: Visit, sheet: Sheet, problem?: Problem): Answer {
  const { c, language } = visit
  const { article, draft } = sheet
  const title = say(language, article ? 'desk.articles-edit' : draft ? 'desk.articles-draft' : 'desk.articles-new')
  const shown = await deskPage(
    visit,
    title,
    html`${tabs(visit, undefined)}${toldHere(visit)}${mistake(language, problem)}${await notes(visit, sheet)}
${await editorForm(visit, sheet)}${dialogs(language, hidden(visit))}`,
  )
  return problem ? c.html(shown, problem.status) : shown
}

/** Publishes what the form holds, or keeps it as a draft; what is wrong is said above the form, which keeps what was typed. */
async function save(visit: Visit): Answer {
  const { app, c, form } = visit
  const { zone } = await site.show(app, app.db)
  const sheet: Sheet = { ...draftIn(visit), base: form.get('base') || undefined, typed: typedIn(form), zone }
  try {
    if (form.get('article')) sheet.article = await articleOf(visit, form.get('article')!)
    await keepPicture(visit, sheet.typed)
    if (form.get('deed') === 'draft') {
      const { draft } = await keep(visit, sheet)
      return c.redirect(tellAt(`${ROOM}/drafts/${draft}`, 'saved'), 303)
    }
    return await publish(visit, sheet)
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.code === 'article-not-found') throw problem
    if (problem.code === 'article-edited-since') return conflicting(visit, sheet, problem)
    return page(visit, sheet, problem)
  }
}

async function publish(visit: Visit, { article, base, draft, typed, zone }: Sheet): Promise<Response> {
  const { app, c } = visit
  const said = await saidIn(visit, typed, zone, article && articles.saidBy(article, article))
  const actor = actorOf(visit)
  const at = instant(app.now())
  const work = (db: typeof app.db) =>
    article
      ? articles.edit(db, actor, article.public_id, said, { at, ...(base && { base }) })
      : articles.write(db, actor, said, at, keyOf(typed))
  const { came, undo } = await noting(visit, () =>
    app.db.transaction().execute(async (db) => {
      const done = await work(db)
      return { ...done, dropped: !draft || (await writing.drop(db, draft.id, draft.version)) }
    }),
  )
  return c.redirect(tellAt(`${ROOM}/${came.public_id}`, came.dropped ? 'saved' : 'beside', article && undo), 303)
}

/** Somebody else was faster: what was typed is kept as a draft, and can be saved over the other knowingly. */
async function conflicting(visit: Visit, sheet: Sheet, problem: Problem): Answer {
  const article = await articleOf(visit, sheet.article!.public_id)
  const { draft, version } = await keep(visit, sheet)
  return page(visit, { ...sheet, article, base: article.fingerprint, draft: { id: draft, version } }, problem)
}

async function keep({ app, account }: Visit, { article, base, draft, typed }: Sheet): Promise<writing.Saved> {
  articles.refuseLong(typed)
  return writing.save(app.db, {
    ...{ draft: draft?.id, version: draft?.version, article: article?.id, base, typed },
    account: account.id,
    at: instant(app.now()),
  })
}

function draftIn({ form }: Visit): Pick<Sheet, 'draft'> {
  const id = form.get('draft') ?? ''
  const version = Number(form.get('version'))
  return id && Number.isInteger(version) ? { draft: { id, version } } : {}
}

/** Keeps what is being written while it is being written. It publishes nothing. */
async function autosave(visit: Visit): Answer {
  const { app, form, language, zone } = visit
  const article = form.get('article') ? await articleOf(visit, form.get('article')!) : undefined
  const sheet = { ...draftIn(visit), article, base: form.get('base') || undefined, typed: typedIn(form), zone }
  const { draft, version, beside } = await keep(visit, sheet)
  const time = clockTime(instant(app.now()), zone)
  const words = say(language, beside ? 'desk.articles-kept-beside' : 'desk.articles-kept', { time })
  return keptNow(language, { id: draft, version }, html`${words}${await meanwhile(visit, sheet, draft)}`)
}

/** The first words of what is being written, as lists will show them. */
async function excerptNow({ form, language }: Visit): Answer {
  const summary = oneLine((form.get('summary') ?? '').slice(0, 10_000))
  return html`${summary || excerpt(plain(clean((form.get('body') ?? '').slice(0, BEGINNING))), tagOr(form.get('language'), language))}`
}

const BEGINNING = 20_000 // letters of HTML in which the first words stand

async function drop(visit: Visit): Answer {
  const { app, c, params } = visit
  await writing.find(app.db, params['draft']!)
  await writing.drop(app.db, params['draft']!)
  return c.redirect(tellAt(`${ROOM}?state=draft`, 'done'), 303)
}
