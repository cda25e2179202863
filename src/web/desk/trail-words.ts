import * as accounts from '../../accounts/index.ts'
import { type MessageKey, say } from '../../locale.ts'
import type { Visit } from './routes.ts'

/** All that is written to the trail and has words of its own here. */
const DID = [
  'account.add', 'account.describe', 'account.end', 'account.factor', 'account.factor-off', 'account.invite', 'account.link', 'account.password', 'account.reset', 'account.roles', 'account.setup', 'account.sign-in',
  'article.picture', 'article.pin', 'article.publish', 'article.restore', 'article.revise', 'article.unpin', 'article.withdraw',
  'backup.make', 'channel.add', 'channel.set',
  'digest.add', 'digest.compose', 'digest.set', 'digest.skip', 'digest.stage', 'digest.test',
  'dkim.add', 'dkim.rotate', 'domain.resume', 'edition.pause', 'edition.resume', 'edition.revise', 'field.add', 'home.adopt', 'hook.add', 'hook.remove',
  'import.end', 'import.undo', 'import.undone', 'item.also', 'item.hold', 'item.refuse', 'item.release', 'item.withdraw',
  'keys.renew', 'list.add', 'list.letter', 'list.set', 'relay.set', 'retention.set', 'segment.add', 'segment.remove', 'site.set',
  'source.add', 'source.end', 'source.hasten', 'source.move', 'source.pause', 'source.resume', 'source.set',
  'subscriber.erase', 'subscribers.import', 'subscription.ask', 'subscription.confirm', 'subscription.hour', 'subscription.leave', 'subscription.prefer',
  'suppression.add', 'suppression.lift',
] as const // biome-ignore format: one list

/** What was done, in words; what has none stays as it was written. */
export function did(language: string, verb: string): string {
  const known = DID.find((one) => one === verb)
  return known ? say(language, `desk.did-${known.replace('.', '-')}` as MessageKey) : verb
}

/** The kinds of things that the trail is about, as the desk's rooms have them; by how their verbs begin. */
const KINDS = {
  articles: ['article'],
  channels: ['channel'],
  sources: ['source', 'item'],
  lists: ['list', 'field'],
  readers: ['subscriber', 'subscribers', 'subscription', 'suppression', 'import'],
  segments: ['segment'],
  digests: ['digest', 'edition'],
  people: ['account'],
  settings: ['site', 'relay', 'retention', 'dkim', 'domain', 'hook', 'backup', 'home', 'keys'],
} as const

export type Kind = keyof typeof KINDS

/** The kinds with their names, for a list to choose from. */
export function kindsIn(language: string): [Kind, string][] {
  return (Object.keys(KINDS) as Kind[]).map((kind) => [kind, say(language, `desk.${kind}`)])
}

/** Those of these verbs that are about a kind; undefined for no such kind. */
export function verbsOf(kind: string, verbs: readonly string[]): string[] | undefined {
  if (!Object.hasOwn(KINDS, kind)) return undefined
  const nouns: readonly string[] = KINDS[kind as Kind]
  return verbs.filter((verb) => nouns.includes(verb.split('.')[0]!))
}

const OTHERS = ['cli', 'job', 'reader', 'bounce', 'demo'] as const

/** What those who did something are called; who has no name stays as he was written. */
export async function actorsIn({ app, language }: Visit, actors: string[]): Promise<Map<string, string>> {
  const names = await accounts.namesOf(app.read, actors)
  const others = OTHERS.map((actor) => [actor, say(language, `desk.trail-by-${actor}`)] as const)
  return new Map([...others, ...names])
}
