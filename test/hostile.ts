const RSS = '<rss version="2.0"><channel><title>t</title>'
const END = '</channel></rss>'
const item = (body: string) => `${RSS}<item><title>a</title><description>${body}</description></item>${END}`
const MB = 1_000_000

/** Documents made to hurt: each must end as a document or as a refusal, in time and in bounded memory. */
export const hostile: Record<string, () => string> = {
  '3 MB of <': () => '<'.repeat(3 * MB),
  '3 MB of < in a text': () => item('<'.repeat(3 * MB)),
  '3 MB of < in a CDATA section': () => item(`<![CDATA[${'<'.repeat(3 * MB)}]]>`),
  '3 MB of <a in a CDATA section': () => item(`<![CDATA[${'<a '.repeat(MB)}]]>`),
  '3 MB of & in a text': () => item('&'.repeat(3 * MB)),
  '3 MB of &#1; in a title': () => `${RSS}<item><title>${'&#1;'.repeat(MB)}</title></item>${END}`,
  'elements 20,000 deep': () => RSS + '<a>'.repeat(20_000) + '</a>'.repeat(20_000) + END,
  'elements 20,000 deep in an entry': () => item('<b>'.repeat(20_000) + '</b>'.repeat(20_000)),
  'HTML 20,000 deep in a CDATA section': () => item(`<![CDATA[${'<div>'.repeat(20_000)}x${'</div>'.repeat(20_000)}]]>`),
  'inline HTML 200,000 deep in a CDATA section': () => item(`<![CDATA[${'<b>'.repeat(200_000)}x]]>`),
  'half a million end tags': () => item(`<![CDATA[<p>x${'</p>'.repeat(500_000)}]]>`),
  'an attribute of 5 MB': () => `${RSS}<item a="${'x'.repeat(5 * MB)}"><title>a</title></item>${END}`,
  'an address of 5 MB': () => `${RSS}<item><title>a</title><link>http://x/${'y'.repeat(5 * MB)}</link></item>${END}`,
  'a million attributes': () => `${RSS}<item ${'a="b" '.repeat(MB)}><title>a</title></item>${END}`,
  'a million attributes in HTML': () => item(`<![CDATA[<p ${'a=b '.repeat(MB)}>x</p>]]>`),
  'quotes in quotes': () => RSS + '<a b=\'"<c d="\''.repeat(400_000) + END,
  'tags with one quote': () => RSS + '<a "'.repeat(MB) + END,
  'CDATA without an end': () => `${RSS}<item><title>a</title><description><![CDATA[${'x'.repeat(3 * MB)}`,
  'a million CDATA sections': () => item('<![CDATA[]]>'.repeat(700_000)),
  'comments without an end': () => RSS + '<!-- '.repeat(MB) + END,
  'a million comments': () => RSS + '<!---->'.repeat(MB) + END,
  'half a million document types': () => '<!DOCTYPE rss>'.repeat(500_000) + RSS + END,
  'a million categories': () => `${RSS}<item><title>a</title>${'<category>x</category>'.repeat(400_000)}</item>${END}`,
  'a million fields of the feed': () => RSS + '<title/>'.repeat(MB) + END,
  'a million empty entries': () => RSS + '<item/>'.repeat(MB) + END,
  'a million open entries': () => RSS + '<item>'.repeat(MB) + END,
  'ten thousand entries of one kilobyte': () =>
    RSS + Array.from({ length: 10_000 }, (_, n) => `<item><title>خبر ${n}</title><guid>${n}</guid><description>${'نص الخبر '.repeat(60)}</description></item>`).join('') + END, // biome-ignore format: one document
  'a text of 9 MB': () => item(`<![CDATA[<p>${'كلمة '.repeat(MB)}</p>]]>`),
  'nine texts of 1 MB full of small tags': () =>
    RSS + Array.from({ length: 9 }, (_, n) => `<item><title>${n}</title><description><![CDATA[${'<b>x</b>'.repeat(125_000)}]]></description></item>`).join('') + END, // biome-ignore format: one document
  'nine texts of 1 MB full of ampersands': () =>
    RSS + Array.from({ length: 9 }, (_, n) => `<item><title>${n}</title><description><![CDATA[${'&'.repeat(MB)}]]></description></item>`).join('') + END, // biome-ignore format: one document
  'a million pictures in a text': () => item(`<![CDATA[${'<img src=a>'.repeat(90_000)}]]>`.repeat(9)),
  'media without end': () => `${RSS}<item><title>a</title>${'<media:content url="http://x/a.jpg">'.repeat(250_000)}`,
  'JSON 5 million deep': () => `{"version":"https://jsonfeed.org/version/1","items":${'['.repeat(5 * MB)}`,
  'JSON of 9 MB in one string': () =>
    `{"version":"https://jsonfeed.org/version/1","items":[{"id":"1","content_html":"${'<b>x'.repeat(2 * MB)}"}]}`,
  'JSON of a million small values': () =>
    `{"version":"https://jsonfeed.org/version/1","items":[${'{"id":1},'.repeat(MB)}0]}`,
  'JSON of a million empty objects': () =>
    `{"version":"https://jsonfeed.org/version/1","items":[{"a":[${'{},'.repeat(3 * MB)}0]}]}`,
  'JSON of ten thousand Arabic entries': () =>
    JSON.stringify({ version: 'https://jsonfeed.org/version/1.1', items: Array.from({ length: 10_000 }, (_, n) => ({ id: String(n), title: `خبر ${n}`, content_html: `<p>${'نص الخبر '.repeat(55)}</p>` })) }), // biome-ignore format: one document
  'a date of 3 MB': () => `${RSS}<item><title>a</title><pubDate>${'1 '.repeat(1.5 * MB)}</pubDate></item>${END}`,
  'spaces of 3 MB in a title': () => `${RSS}<item><title>a${' '.repeat(3 * MB)}b</title></item>${END}`,
  'line ends of 3 MB in a title': () => `${RSS}<item><title>a${'\n '.repeat(1.5 * MB)}b</title></item>${END}`,
  'XHTML without end': () => `<feed><entry><title>a</title><content type="xhtml">${'<p>x'.repeat(2 * MB)}`,
  'a billion laughs': () => `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol "lol">${Array.from({ length: 9 }, (_, n) => `<!ENTITY lol${n + 1} "${`&lol${n || ''};`.repeat(10)}">`).join('')}]><rss version="2.0"><channel><title>&lol9;</title></channel></rss>`, // biome-ignore format: one document
  'an external entity': () =>
    `<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss version="2.0"><channel><item><title>&x;</title></item></channel></rss>`,
}
