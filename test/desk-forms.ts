import { PASSWORD } from './desk.ts'
import { type DeskWorld, MARK } from './desk-world.ts'

/** What a form of the desk holds: fields, and what came with it by the field's name. */
export type Form = {
  fields: Record<string, string>
  file?: { field: string; name: string; text: string }
  /** `looks`: who may press it sees something, and nothing is changed. `aside`: it goes on beside the answer, and other tests see to it. */
  manner?: 'looks' | 'aside'
}

const HOUR = { at: '08:00', zone: 'Europe/Istanbul', weekdays: 'mon' }
const PROMISE = { ...HOUR, title: 'New', channel: 'all', max: '5', min: '1', maxAge: '48h', late: '4h', segment: '' }
const DOT =
  'GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;'
const UUID = '0b3c1f7e-6a54-4c1e-9d6b-0123456789ab'

/**
 * What each form of the desk holds when it is about what is foreign: whoever may press it has it done. A route that is not here
 * is one that somebody forgot.
 */
export function formsOf({ foreign }: Pick<DeskWorld, 'foreign'>): Record<string, Form> {
  const { list, article, segment, day } = foreign
  const sheet = { article, base: '', draft: '', version: '', language: 'ar', image: '', deed: 'publish', title: 'Other', body: '<p>Other</p>' } // biome-ignore format: one sheet
  const picture = { field: 'picture', name: 'dot.gif', text: DOT }
  return {
    '/admin/sign-in': form({ address: 'owner-0@news.example', password: PASSWORD }),
    '/admin/sign-in/code': form({ ticket: UUID, until: '1', code: '000000' }),
    '/admin/in/:token': form({ password: PASSWORD }),
    '/admin/start/site': form({ url: 'http://127.0.0.1:1/' }, 'looks'), // what cannot be read is not kept
    '/admin/start/story': form({ headline: 'Other', text: 'Other' }),
    '/admin/start/name': { fields: { name: 'Other' } },
    '/admin/start/sender': form({ postal_address: 'Elsewhere 1' }),
    '/admin/start/relay': form({ relays: 'smtp://127.0.0.1:2' }),
    '/admin/start/test': form({}, 'looks'),
    '/admin/start/me': form(),
    '/admin/start/digest': form({ title: 'New', at: '08:00' }),
    '/admin/articles/save': { fields: sheet },
    '/admin/articles/autosave': form(sheet),
    '/admin/articles/preview': form(sheet, 'looks'),
    '/admin/articles/excerpt': form({ body: 'x' }, 'looks'),
    '/admin/articles/drafts/:draft/drop': form(),
    '/admin/articles/deeds': form({ id: article, deed: 'withdraw', words: 'Wrong' }),
    '/admin/articles/undo': form({ undo: '0-999999' }, 'looks'),
    '/admin/articles/review': form({ id: foreign.item, deed: 'release' }),
    '/admin/articles/pictures': { fields: { alt: 'A dot' }, file: picture },
    '/admin/articles/:article/withdraw': form({ reason: 'Wrong' }),
    '/admin/articles/:article/restore': form(),
    '/admin/articles/:article/pin': form({ until: '2027-01-01T08:00' }),
    '/admin/articles/:article/unpin': form(),
    '/admin/articles/:article/revisions/:revision': form(),
    '/admin/channels/new/channel': form({ slug: 'new', title: 'New', size: '5' }),
    '/admin/channels/new/preview': form({}, 'looks'),
    '/admin/channels/:slug': form({ title: 'Other', size: '5' }),
    '/admin/channels/:slug/undo': form({ undo: '1' }, 'looks'),
    '/admin/sources/new': form({ url: 'http://127.0.0.1:1/', do: 'try' }, 'looks'),
    '/admin/sources/:id': form({ title: 'Other' }),
    '/admin/sources/:id/undo': form({ undo: '1' }, 'looks'),
    '/admin/sources/:id/poll': form(),
    '/admin/sources/:id/pause': form(),
    '/admin/sources/:id/resume': form(),
    '/admin/lists': form({ slug: 'new', title: 'New' }),
    '/admin/lists/:list/letters': form({ kind: 'goodbye', language: 'ar', words: 'Bye\n\nBye' }),
    '/admin/lists/:list/letters/remove': form({ kind: 'welcome', language: 'ar' }),
    '/admin/lists/:list': form({ title: 'Other', language: 'ar' }),
    '/admin/readers/import': {
      fields: { list },
      file: { field: 'files', name: 'x.csv', text: 'email\nx@posta.example\n' },
    },
    '/admin/readers/import/_undo': form({ import: String(foreign.import) }, 'aside'),
    '/admin/readers/import/:run/try': form({}, 'aside'),
    '/admin/readers/import/:run/start': form({}, 'looks'), // nothing is imported untried
    '/admin/readers/import/:run/stop': form({}, 'looks'),
    '/admin/readers/import/:run/remove': form(),
    '/admin/readers/suppressions': form({ address: `${MARK}@posta.example`, reason: 'complaint' }),
    '/admin/readers/suppressions/lift': form({ address: foreign.gone }),
    '/admin/segments/_look': form({ slug: 'new', title: 'New', list, rule: '{"confirmed":true}' }, 'looks'),
    '/admin/segments': form({ slug: 'new', title: 'New', list, rule: '{"confirmed":true}' }),
    '/admin/segments/:segment/remove': form(),
    '/admin/readers/:reader/leave': form({ list, [`reason-${list}`]: 'asked' }),
    '/admin/readers/:reader/suppress': form({ reason: 'complaint' }),
    '/admin/readers/:reader/lift': form(),
    '/admin/readers/:reader/erase': form({ sure: '1' }),
    '/admin/digests/editions/:edition/count': form({}, 'aside'),
    '/admin/digests/editions/:edition/pause': form(),
    '/admin/digests/editions/:edition/resume': form({}, 'looks'),
    '/admin/digests/editions/:edition/revise': form({}, 'looks'),
    '/admin/digests': form({ ...PROMISE, slug: 'new', list, segment }),
    '/admin/digests/:digest/change': form(PROMISE),
    '/admin/digests/:digest/coming': form({ day, deed: `out ${foreign.coming}` }),
    '/admin/digests/:digest/coming/undo': form({ undo: '1' }, 'looks'),
    '/admin/digests/:digest/send': form(),
    '/admin/digests/:digest/test': form({ to: 'me@news.example' }, 'looks'),
    '/admin/settings': { fields: { name: 'Other' } },
    '/admin/settings/pages': form({ about: 'Other' }),
    '/admin/settings/mail': form({ postal_address: 'Elsewhere 1' }),
    '/admin/settings/mail/relays': form({ relays: 'smtp://127.0.0.1:2' }),
    '/admin/settings/mail/test': form({}, 'looks'),
    '/admin/settings/keys': form(),
    '/admin/settings/keys/examine': form({}, 'aside'),
    '/admin/settings/languages': form({ language: 'tr' }),
    '/admin/settings/retention': form({ trail: '400' }),
    '/admin/settings/keys/check': form({}, 'aside'),
    '/admin/settings/keeping/backup': form({}, 'aside'),
    '/admin/sign-out': form({}, 'aside'),
    '/admin/me': form({ name: 'Other', language: 'en' }),
    '/admin/me/password': form({ before: PASSWORD, after: 'another long sentence' }),
    '/admin/me/sessions/end': form({ session: foreign.session }, 'looks'),
    '/admin/me/factor': form({ password: PASSWORD }),
    '/admin/me/factor/confirm': form({ code: '000000', ticket: UUID, until: '1' }, 'looks'),
    '/admin/me/factor/remove': form({ code: '000000' }, 'looks'),
    '/admin/people': form({ address: 'new@news.example', role: 'owner', list: '' }),
    '/admin/people/:account/roles': form({ role: 'owner', list: '' }),
    '/admin/people/:account/end': form(),
    '/admin/people/:account/reset': form(),
    '/admin/people/:account/reset-factor': form({ sure: '1' }),
  }
}

/** What somebody who works for `mine` may ask for, with the name of something foreign in the address. */
export function askedFor({ foreign }: Pick<DeskWorld, 'foreign'>): string[] {
  const { list, segment, ids, slot } = foreign
  const [reader] = ids['reader']!
  const digest = '/admin/digests/mine'
  return [
    ...[`?list=${list}`, `?segment=${segment}`, `?list=mine&segment=${segment}`].map(
      (query) => `/admin/readers${query}`,
    ),
    ...[`/admin/readers/${foreign.both}`, '/admin/readers?search=both', '/admin/readers', '/admin'],
    ...['/admin/segments/mine', '/admin/segments/mine/count', '/admin/segments/mine/readers.csv'],
    ...[`/admin/readers/import?list=${list}`, `/admin/digests/editions?digest=${ids['digest']![0]}`],
    ...['preview', 'letter'].flatMap((page) => [
      ...[`${digest}/${page}`, `${digest}/${page}?reader=${reader}`, `${digest}/${page}?reader=${MARK}@posta.example`],
      ...[`${digest}/${page}?slot=${slot}`, `${digest}/${page}?at=2027-01-01T00:00`],
    ]),
    ...[digest, `${digest}/coming`, `${digest}/change`],
  ]
}

/** What he may press on pages of `mine`, with the name of something foreign in the form. */
export function pressed({ foreign }: Pick<DeskWorld, 'foreign'>): [route: string, path: string, Form][] {
  const { list, segment, ids, coming, slot } = foreign
  const rule = JSON.stringify({ list })
  const leaving = { list: 'mine', 'reason-mine': 'asked', [`reason-${list}`]: 'asked' }
  const digest = '/admin/digests/:digest'
  const at = (page: string) => [`${digest}/${page}`, `/admin/digests/mine/${page}`] as const
  return [
    ['/admin/digests', '/admin/digests', form({ ...PROMISE, slug: 'new', list: 'mine', segment })],
    [...at('change'), form({ ...PROMISE, segment })],
    [...at('coming'), form({ day: foreign.day, deed: `out ${coming}` })],
    [...at('coming'), form({ day: foreign.day, deed: `lead ${coming}` })],
    [...at('test'), form({ to: 'me@news.example', reader: ids['reader']![0]! })],
    [...at('test'), form({ to: 'me@news.example', slot: String(slot) })],
    ['/admin/segments', '/admin/segments', form({ slug: 'new', title: 'New', list: 'mine', rule })],
    ['/admin/segments/_look', '/admin/segments/_look', form({ slug: 'new', title: 'New', list: 'mine', rule })],
    [
      '/admin/segments',
      '/admin/segments',
      form({ slug: segment, title: 'New', list: 'mine', rule: '{"confirmed":true}' }),
    ],
    ['/admin/readers/:reader/leave', `/admin/readers/${ids['reader']![0]}/leave`, form(leaving)],
  ]
}

function form(fields: Record<string, string> = {}, manner?: Form['manner']): Form {
  return { fields, ...(manner && { manner }) }
}
