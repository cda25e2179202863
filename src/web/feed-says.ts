import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

/** Headers of whatever is answered where feeds are. */
export const COMMON = ['X-Content-Type-Options', 'nosniff', 'Access-Control-Allow-Origin', '*']

/** Whether a person opens the address in a browser's window, as far as the browser says so. */
export function opensInBrowser(headers: IncomingHttpHeaders): boolean {
  return headers['sec-fetch-dest'] === 'document'
}

/**
 * A document's type for a person's browser: Chromium shows the feeds' own types as bare source, whatever their stylesheet.
 * It is that browser's alone to keep, so that no cache gives it to a reader.
 */
export function shownAs(type: string): string[] {
  const shown = type.replace(/^application\/(rss|atom)\+xml/, 'application/xml')
  return ['Content-Type', shown, 'Cache-Control', 'private, no-cache', 'Content-Security-Policy', POLICY]
}

const POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'"

/** A sentence in place of a feed. */
export function say(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  sentence: string,
  more: string[] = [],
): void {
  const body = Buffer.from(`${sentence}\n`)
  const head = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(body.length)]
  response.writeHead(status, [...head, 'Cache-Control', 'no-store', ...more, ...COMMON])
  response.end(request.method === 'HEAD' ? undefined : body)
}

export function missing(request: IncomingMessage, response: ServerResponse): void {
  say(request, response, 404, 'There is no such feed. /feeds lists those there are.')
}

export function busy(request: IncomingMessage, response: ServerResponse): void {
  say(request, response, 503, 'This feed cannot be served at the moment.', ['Retry-After', '30'])
}
