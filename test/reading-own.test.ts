import { afterAll, describe, expect, test } from 'vitest'
import * as reading from '../src/reading/index.ts'
import { build, formats } from '../src/syndication/index.ts'
import { clean } from '../src/text.ts'
import { at, HOSTILE, input, PICTURE, story } from './feed-input.ts'
import { origin } from './origin.ts'

afterAll(reading.close)

const stories = [
  story(1, {
    title: 'قطار «الشرق» & رفاقه <يصلون> 5 < 6 ]]>',
    body_html: '<p>نص <a href="https://x.example/?a=1&amp;b=2">رابط</a> 5 &lt; 6 ]]&gt;</p>\n<ul><li>أ</li></ul>',
    tags: ['R&D', 'A < B'],
    authors: ['ليلى', 'عمر'],
  }),
  story(2, { picture: PICTURE, image_alt: 'قطار', image_caption: 'في المحطة', image_credit: 'سامي' }),
  story(3, { language: 'tr', title: "Şırnak'ta kar", body_html: '<div><p>Bir</p></div><div><p>İki</p></div>' }),
  story(4, { entry_id: 'https://old.example/?p=123', updated_at: at('2026-11-21T09:30:00Z') }),
]

describe.each(formats)('a feed of ours in %s, read back', (format) => {
  test('has the same stories', async () => {
    const document = await reading.read(
      build(input(stories), format).body,
      origin({ url: `https://news.example/feeds/all.${format}` }),
    )
    expect(document).toMatchObject({
      kind: format,
      title: 'نشرة الميناء',
      language: 'ar',
      home: expect.stringMatching(/^https:\/\/news\.example/),
    })
    expect(document.notes).toMatchObject({ dropped: [], mended: [], charset: { name: 'utf-8' } })
    expect(
      document.items.map(({ guid, title, published_at, authors }) => ({ guid, title, published_at, authors })),
    ).toEqual(
      stories.map(({ entry_id, title, published_at, authors }) => ({ guid: entry_id, title, published_at, authors })),
    )
    expect(document.items.map(({ html }) => html)).toEqual(stories.map(({ body_html }) => clean(body_html)))
    expect(document.items.map(({ language }) => language ?? 'ar')).toEqual(stories.map(({ language }) => language))
    expect(document.items[0]!.tags).toEqual(['R&D', 'A < B'])
    expect(document.items[1]!.image).toMatchObject({ url: 'https://news.example/m/c0ffee-1200.jpg' })
  })

  test('is clean and well-formed where its stories are not', async () => {
    const document = await reading.read(build(input([story(1, HOSTILE), story(2)]), format).body, origin())
    expect(document.items.at(-1)).toMatchObject({ title: 'خبر رقم 2' })
    for (const { html, title } of document.items) expect(html + title).not.toMatch(/<script|javascript:|\0/i)
  })
})

test('what Atom says is withdrawn is deleted', async () => {
  const gone = {
    entry_id: 'urn:uuid:1',
    withdrawn_at: at('2026-11-22T09:00:00Z'),
    withdrawn_reason: 'خطأ',
    public_id: 'x',
    published_at: at('2026-11-21T09:00:00Z'),
  }
  const { body } = build(input([story(1)], { deleted: [gone as never] }), 'atom')
  expect((await reading.read(body, origin())).deleted).toEqual(['urn:uuid:1'])
})
