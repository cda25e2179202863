/** What a page lets a browser do. `script`: our own small ones; `framed`: other sites may show it within theirs. */
export function policy({ script = false, framed = false } = {}): string {
  return [
    "default-src 'none'",
    ...(script ? ["script-src 'self'"] : []),
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' https: http:",
    "form-action 'self'",
    "base-uri 'none'",
    `frame-ancestors ${framed ? '*' : "'none'"}`,
  ].join('; ')
}
