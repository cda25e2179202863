import { html } from 'hono/html'
import { type MessageKey, say } from '../../locale.ts'
import type { Html } from '../pages.ts'
import { ROOM } from './articles-states.ts'

/** What a button does, its sign, its words and its keys. */
const TOOLS: readonly [tool: string, sign: string, words: MessageKey, keys?: string][] = [
  ['bold', 'B', 'desk.articles-tool-bold', 'Control+B'],
  ['italic', 'I', 'desk.articles-tool-italic', 'Control+I'],
  ['link', '↗', 'desk.articles-tool-link', 'Control+K'],
  ['h2', 'H2', 'desk.articles-tool-h2'],
  ['h3', 'H3', 'desk.articles-tool-h3'],
  ['ul', '•', 'desk.articles-tool-ul'],
  ['ol', '1.', 'desk.articles-tool-ol'],
  ['quote', '❝', 'desk.articles-tool-quote'],
  ['picture', '▣', 'desk.articles-tool-picture'],
  ['rtl', '⇤', 'desk.articles-tool-rtl'],
  ['ltr', '⇥', 'desk.articles-tool-ltr'],
  ['undo', '↺', 'desk.articles-tool-undo', 'Control+Z'],
  ['redo', '↻', 'desk.articles-tool-redo'],
  ['html', '</>', 'desk.articles-tool-html'],
]

/** The editor's tools, one stop of the tab key with arrows between them; hidden until there is an editor (WAI-ARIA APG, toolbar). */
export function toolbar(language: string): Html {
  return html`<div class="tools" role="toolbar" aria-label="${say(language, 'desk.articles-tools')}" aria-controls="editor" hidden>${TOOLS.map(
    ([tool, sign, words, keys], nth) =>
      html`<button type="button" class="tool" data-tool="${tool}" tabindex="${nth === 0 ? 0 : -1}" title="${say(language, words)}"${keys && html` aria-keyshortcuts="${keys}"`}${tool.length < 7 && html` aria-pressed="false"`}><span aria-hidden="true" dir="ltr">${sign}</span><span class="unseen">${say(language, words)}</span></button>`,
  )}</div>`
}

/** Where a link's address or a picture is asked for; outside of the form, as they are forms of their own. */
export function dialogs(language: string, token: Html): Html {
  return html`<dialog id="link-form" aria-labelledby="link-name"><form method="dialog"><h2 id="link-name">${say(language, 'desk.articles-tool-link')}</h2>
<p><label for="link-url">${say(language, 'desk.articles-link-url')}</label><input id="link-url" name="link" type="url" dir="ltr" maxlength="2000" placeholder="https://"></p>
<p class="deeds"><button type="submit" value="set">${say(language, 'desk.articles-link-set')}</button><button class="second" type="submit" value="unset" formnovalidate>${say(language, 'desk.articles-link-unset')}</button><button class="plain" type="submit" value="" formnovalidate>${say(language, 'desk.articles-cancel')}</button></p></form></dialog>
<dialog id="picture-form" aria-labelledby="picture-name"><form method="post" action="${ROOM}/pictures" enctype="multipart/form-data">${token}<h2 id="picture-name">${say(language, 'desk.articles-tool-picture')}</h2>
<p><label for="inner-picture">${say(language, 'desk.articles-picture-file')}</label><input id="inner-picture" name="picture" type="file" accept="image/jpeg,image/png,image/webp,image/avif,image/gif" required></p>
<p><label for="inner-alt">${say(language, 'desk.articles-alt')}</label><input id="inner-alt" name="alt" dir="auto" maxlength="1000" required></p>
<p><label for="inner-caption">${say(language, 'desk.articles-caption')}</label><input id="inner-caption" name="caption" dir="auto" maxlength="2000"></p>
<p class="mistake" role="alert" data-failed="${say(language, 'desk.articles-picture-failed')}" hidden></p>
<p class="deeds"><button type="submit">${say(language, 'desk.articles-picture-insert')}</button><button class="plain" type="button" data-close>${say(language, 'desk.articles-cancel')}</button></p></form></dialog>`
}
