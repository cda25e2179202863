import { html } from 'hono/html'
import { say, sentence } from '../../locale.ts'
import type { Problem } from '../../problem.ts'
import type { Html } from '../pages.ts'
import { doorPage } from './frame.ts'
import type { Asking } from './routes.ts'

/** Why not, and where to go on. What the visitor typed is not lost: the browser goes back to it. */
export function refusal(asking: Asking, problem: Problem): Promise<Html> {
  const { language } = asking
  return doorPage(
    asking,
    say(language, 'page.refused'),
    html`<p class="mistake" role="alert">${sentence(language, problem)}</p>
<p><a class="go" href="/admin">${say(language, 'desk.dashboard')}</a></p>`,
  )
}

/** The mistake above a form that can be mended. */
export function mistake(language: string, problem: Problem | undefined): Html | '' {
  return problem ? html`<p class="mistake" role="alert" id="mistake">${sentence(language, problem)}</p>` : ''
}
