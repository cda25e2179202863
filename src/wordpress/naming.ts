import { keepTitle } from '../sources/cursor.ts'
import { oneLine, plain } from '../text.ts'
import { ask, type Turn } from './asking.ts'
import { readJson, textIn } from './json.ts'

const LONGEST = 200 // letters

/** Asks a site for its name, unless the source has one: pages say by it where a story comes from. */
export async function learnName(turn: Turn, api: string): Promise<void> {
  if (turn.source.title !== '') return
  const name = await nameOf(turn, api)
  if (!name) return
  turn.source = { ...turn.source, title: name }
  await keepTitle(turn.app.db, turn.source.id, name)
}

/** What a site calls itself; '' where it does not say. */
export async function nameOf(turn: Turn, api: string): Promise<string> {
  const root = new URL(api)
  const route = root.searchParams.get('rest_route')
  if (route === null) root.pathname = root.pathname.replace(/wp\/v2\/posts\/?$/, '')
  else root.searchParams.set('rest_route', '/')
  root.searchParams.set('_fields', 'name')
  const answer = await ask(turn, root.href)
  return answer.kind === 'ok' ? oneLine(plain(textIn(readJson(answer.body), 'name'))).slice(0, LONGEST) : ''
}
