import { readFile } from 'node:fs/promises'
import { html } from 'hono/html'
import * as media from '../../media.ts'
import { Problem } from '../../problem.ts'
import { oneLine } from '../../text.ts'
import { ROOM } from './articles-states.ts'
import type { Answer, Route, Visit } from './routes.ts'

const WIDTH = 1200 // of the rendering that a text shows; its page has the others, too

/** Pictures within a text. */
export const pictureRoutes: Route[] = [
  {
    method: 'POST',
    path: `${ROOM}/pictures`,
    allow: 'article.write',
    takes: { files: media.MOST_BYTES },
    answer: keep,
  },
]

/** Keeps a picture, and answers it as it is to stand in a text. */
async function keep({ app, files, form }: Visit): Answer {
  const [alt, caption] = ['alt', 'caption'].map((name) => oneLine((form.get(name) ?? '').slice(0, 2000)))
  const [file] = files
  if (!file) throw new Problem('image-unusable', { reason: 'no file came' })
  if (!alt) throw new Problem('alt-missing')
  const picture = await media.keep(app, await readFile(file.path))
  const { file: name, width, height } = media.nearest(picture, WIDTH)
  return html`<figure><img src="${app.config.url}/m/${name}" alt="${alt}" width="${width}" height="${height}">${caption && html`<figcaption>${caption}</figcaption>`}</figure>`
}
