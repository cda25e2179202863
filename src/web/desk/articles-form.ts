import { randomUUID } from 'node:crypto'
import { html } from 'hono/html'
import * as articles from '../../articles/index.ts'
import { direction, languageName, say } from '../../locale.ts'
import * as media from '../../media.ts'
import type { Typed } from '../../writing.ts'
import { city } from '../../zones.ts'
import type { Html } from '../pages.ts'
import { sketchButton, sketchFrame } from './articles-sketch.ts'
import { ROOM } from './articles-states.ts'
import { toolbar } from './articles-toolbar.ts'
import { keyOf } from './articles-typed.ts'
import { area, check, choice, field, fileField } from './fields.ts'
import { editorScripts } from './files.ts'
import { hidden } from './frame.ts'
import type { Visit } from './routes.ts'

/** What is being written: the article or draft it goes on from, and what stands in the fields. */
export type Sheet = {
  article?: articles.Story | undefined
  draft?: { id: string; version: number } | undefined
  base?: string | undefined
  typed: Typed
  zone: string
}

const MOST_LANGUAGES = 50
const PICTURES = 'image/jpeg,image/png,image/webp,image/avif,image/gif'

/** The form in which an article is written; it works as it stands, and editor.js makes its body an editor. */
export async function editorForm(visit: Visit, sheet: Sheet): Promise<Html> {
  const { language } = visit
  const { article, typed } = sheet
  return html`<div class="writing-room"><form id="writing" class="writing" method="post" action="${ROOM}/save" enctype="multipart/form-data">${hidden(visit)}
<input type="hidden" name="article" value="${article?.public_id ?? ''}"><input type="hidden" name="base" value="${sheet.base ?? ''}"><input type="hidden" name="key" value="${keyOf(typed) ?? randomUUID()}">
<div class="sheet">
${field(language, { name: 'title', label: 'desk.articles-title', value: typed['title']!, max: 2000, required: true })}
${area(language, { name: 'summary', label: 'desk.articles-summary', hint: 'desk.articles-summary-hint', value: typed['summary']!, rows: 2, max: 10_000 })}
${body(visit, typed)}
</div>
<div class="beside">
${await labels(visit, typed)}
${await hour(visit, sheet)}
${await picture(visit, sheet)}
</div>
${deeds(visit, sheet)}</form>
${excerptOf(visit)}</div>
${sketchFrame(visit, sheet)}
${editorScripts.map((src) => html`<script src="${src}" defer></script>`)}`
}

/** HTML loses a line end that a text area begins with: it is given one to lose. */
function body({ language }: Visit, typed: Typed): Html {
  const tongue = typed['language'] ?? ''
  return html`<div class="body-field"><p><label for="body" id="body-label">${say(language, 'desk.articles-body')}</label></p>
${toolbar(language)}
<textarea id="body" name="body" rows="18" dir="${direction(tongue || language)}" lang="${tongue || language}" aria-describedby="body-hint">
${typed['body']}</textarea><p class="small" id="pasted" role="status" data-lost="${say(language, 'desk.articles-pasted-lost')}"></p><span class="small" id="body-hint">${say(language, 'desk.articles-body-hint')}</span></div>`
}

/** What stands below the headline in lists, made anew while one writes. Outside of the form: htmx would send all of that. */
function excerptOf({ language }: Visit): Html {
  return html`<section class="excerpt-now"><h2>${say(language, 'desk.articles-excerpt')}</h2>
<p id="excerpt" dir="auto" hx-post="${ROOM}/excerpt" hx-trigger="load, change from:#writing, input from:#writing delay:600ms" hx-target="#excerpt" hx-include="#body, #summary, #language, #writing [name=t]">${say(language, 'desk.articles-excerpt-hint')}</p></section>`
}

async function labels({ app, language }: Visit, typed: Typed): Promise<Html> {
  const known = await articles.languages(app.read, MOST_LANGUAGES)
  const tags = [...new Set([...known, 'ar', 'tr', 'en', typed['language']!])].filter(Boolean)
  const sections = await articles.sections(app.read, 100)
  return html`${choice(language, { name: 'language', label: 'desk.articles-language', value: typed['language']!, options: tags.map((tag) => [tag, languageName(tag, language)] as const) })}
<p><label for="section">${say(language, 'desk.articles-section')}</label><input id="section" name="section" dir="auto" list="sections" maxlength="300" value="${typed['section']}"></p>
<datalist id="sections">${sections.map(({ name }) => html`<option value="${name}"></option>`)}</datalist>
${field(language, { name: 'tags', label: 'desk.articles-tags', hint: 'desk.articles-commas', value: typed['tags']!, max: 4000 })}
${field(language, { name: 'authors', label: 'desk.articles-authors', hint: 'desk.articles-commas', value: typed['authors']!, max: 2000 })}
${field(language, { name: 'credit', label: 'desk.articles-credit', hint: 'desk.articles-credit-hint', value: typed['credit']!, max: 500 })}
${field(language, { name: 'url', label: 'desk.articles-url', hint: 'desk.articles-url-hint', type: 'url', value: typed['url']!, max: 2000 })}`
}

async function hour({ language }: Visit, { typed, zone }: Sheet): Promise<Html> {
  return html`<fieldset><legend>${say(language, 'desk.articles-hour')}</legend>
${field(language, { name: 'published', label: 'desk.articles-published', hint: 'desk.articles-published-hint', type: 'datetime-local', value: typed['published']! })}
<p class="small">${say(language, 'desk.articles-zone', { zone: city(zone, language) })}</p></fieldset>`
}

async function picture(visit: Visit, { article, typed }: Sheet): Promise<Html> {
  const { language } = visit
  const shown = await shownPicture(visit, typed['image']!, article)
  return html`<fieldset><legend>${say(language, 'desk.articles-picture')}</legend>
<input type="hidden" name="image" value="${typed['image']}">${
    shown &&
    html`<p><img class="thumb" src="${shown}" alt="${typed['image_alt']}"></p>
${check(language, { name: 'image_gone', label: 'desk.articles-picture-gone', checked: false })}`
  }
${fileField(language, { name: 'picture', label: 'desk.articles-picture-file', accept: PICTURES })}
${field(language, { name: 'image_alt', label: 'desk.articles-alt', hint: 'desk.articles-alt-hint', value: typed['image_alt']!, max: 1000 })}
${field(language, { name: 'image_caption', label: 'desk.articles-caption', value: typed['image_caption']!, max: 2000 })}
${field(language, { name: 'image_credit', label: 'desk.articles-picture-credit', value: typed['image_credit']!, max: 500 })}</fieldset>`
}

async function shownPicture({ app }: Visit, image: string, article?: articles.Story): Promise<string | undefined> {
  if (image === '') return undefined
  if (image === 'same') {
    const { picture, image_url } = article ?? { picture: null, image_url: null }
    return picture ? `/m/${media.nearest(picture, 320).file}` : (image_url ?? undefined)
  }
  const known = await media.named(app.read, `${image}-`)
  return known && `/m/${media.nearest(known, 320).file}`
}

function deeds(visit: Visit, { article, draft }: Sheet): Html {
  const { language } = visit
  return html`<div class="deeds"><button type="submit" name="deed" value="publish">${say(language, article ? 'desk.articles-save' : 'desk.articles-publish')}</button>
<button class="second" type="submit" name="deed" value="draft" formnovalidate>${say(language, 'desk.articles-keep')}</button>
${sketchButton(visit)}
${kept(language, draft)}</div>`
}

/** Where the draft is kept, for the form; editor.js puts what autosaving answers in its place. */
function kept(language: string, draft: Sheet['draft'], words?: Html): Html {
  return html`<p id="kept" class="small" role="status" data-failed="${say(language, 'desk.articles-kept-failed')}" data-out="${say(language, 'desk.articles-kept-out')}" data-enter="${say(language, 'desk.sign-in')}"><input type="hidden" name="draft" value="${draft?.id ?? ''}"><input type="hidden" name="version" value="${draft?.version ?? ''}">${words}</p>`
}

/** What autosaving answers. */
export function keptNow(language: string, draft: NonNullable<Sheet['draft']>, words: Html): Html {
  return kept(language, draft, words)
}
