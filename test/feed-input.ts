import type { Instant } from '../db/instant.ts'
import type { Story } from '../src/articles/index.ts'
import type { Channel } from '../src/channels.ts'
import type { Picture } from '../src/media.ts'
import type { Site } from '../src/site.ts'
import type { Input } from '../src/syndication/index.ts'

export const PICTURE: Picture = {
  id: 1,
  hash: 'c0ffee',
  width: 1200,
  height: 800,
  variants: [
    { width: 320, height: 213, type: 'image/jpeg', bytes: 9_001, file: 'c0ffee-320.jpg' },
    { width: 1200, height: 800, type: 'image/jpeg', bytes: 81_234, file: 'c0ffee-1200.jpg' },
    { width: 1200, height: 800, type: 'image/webp', bytes: 51_234, file: 'c0ffee-1200.webp' },
  ],
}

const SITE: Site = {
  id: 1, name: 'نشرة الميناء', tagline: 'أخبار البحر والبر', logo_id: null, accent: '#9b1c1c', language: 'ar', zone: 'Europe/Istanbul',
  sender: null, reply_to: null, report_to: null, postal_address: '', version: 7, changed_at: at('2026-11-01T00:00:00Z'), about: '', contact: '', privacy: '', imprint: '',
} // biome-ignore format: one row

const CHANNEL: Channel = {
  id: 1, feed_id: 'urn:uuid:00000000-0000-4000-8000-0000000000aa', slug: 'all', title: '', description: '', language: null, filter: '{}', size: 50, text: 'full', version: 3,
  changed_at: at('2026-11-22T10:00:00Z'), created_at: 0 as Instant,
} // biome-ignore format: one row

export function at(instant: string): Instant {
  return Date.parse(instant) as Instant
}

/** A story as stored, number `n`, one minute after the one before. */
export function story(n: number, given: Partial<Story> = {}): Story {
  const published_at = (at('2026-11-20T08:00:00Z') + n * 60_000) as Instant
  return {
    id: n, public_id: `p${n}`, source_id: 0, guid: `g${n}`, entry_id: `urn:uuid:00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
    url: null, title: `خبر رقم ${n}`, body_html: `<p>نص الخبر ${n}</p>`, summary: null, excerpt: `نص الخبر ${n}…`, language: 'ar',
    section: null, section_key: null, credit: null, image_id: null, image_url: null, image_alt: null, image_caption: null, image_credit: null,
    fingerprint: '', published_at, updated_at: published_at, created_at: published_at, revised_at: null, withdrawn_at: null,
    withdrawn_reason: null, link_key: null, title_key: null, archived_at: null, pictured_at: null, tags: [], authors: [], picture: null, ...given,
  } // biome-ignore format: one row
}

export function input(
  stories: Story[],
  given: { site?: Partial<Site>; channel?: Partial<Channel> } & Partial<
    Pick<Input, 'deleted' | 'logo' | 'nextDue'>
  > = {},
): Input {
  const { site, channel, ...rest } = given
  return {
    site: { ...SITE, ...site },
    channel: { ...CHANNEL, ...channel },
    stories,
    deleted: [],
    url: 'https://news.example',
    ...rest,
  }
}

/** An article with everything that has ever broken a feed, and what a reader must be shown instead. */
export const HOSTILE: Partial<Story> = {
  title: 'a ]]> b ]]> <item><title>fake</title></item> & &amp; &#x26; "q" \u0007\ud800\ufffe',
  body_html:
    '<p>x ]]> y ]]> </content:encoded></item><item><title>fake</title></item> \u0000\u001f\udc00\uffff</p><script>alert(1)</script><a href="javascript:alert(1)">go</a><img src="/relative.png" onerror="alert(1)"><svg><script>x</script></svg>',
  excerpt: ']]> <b>bold</b> & ]]> \u0001',
  authors: ['Ann <ann@x.example> ]]> & "co"', '\u0000', 'Ann <ann@x.example> ]]> & "co"'],
  tags: ['a&b "c" <d>', ']]>', '$& $1', ''],
  section: '</category>',
  credit: 'A & B <c> ]]>',
  image_url: 'https://img.example/a.jpg?x=1&y="><item>',
  image_alt: '"><script>',
  image_caption: ']]>',
}
