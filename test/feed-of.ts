/** An RSS document of a partner as most of them write it: an item for each of these. */
export function feedOf(
  items: { guid: string; title?: string; link?: string; at?: string }[],
  channel: { title?: string; more?: string } = {},
): string {
  const entries = items.map(
    ({
      guid,
      title = `خبر ${guid}`,
      link,
      at,
    }) => `<item><guid isPermaLink="false">${guid}</guid><title>${title}</title>
<link>${link ?? `https://partner.example/${guid}`}</link><description>نص الخبر ${guid}</description>
${at ? `<pubDate>${new Date(at).toUTCString()}</pubDate>` : ''}</item>`,
  )
  return `<?xml version="1.0" encoding="utf-8"?>
<rss version="2.0"><channel><title>${channel.title ?? 'شريك'}</title><link>https://partner.example/</link>${channel.more ?? ''}
${entries.join('\n')}</channel></rss>`
}
