/** What can be found in DNS, and of the keys that it shows. */
export type Code =
  | 'spf-ok' | 'spf-none' | 'spf-several' | 'spf-open' | 'dkim-ok' | 'dkim-none' | 'dkim-other' | 'dkim-signs' | 'dkim-broken' | 'dkim-missing' | 'dkim-relays'
  | 'dmarc-ok' | 'dmarc-none' | 'dmarc-bare' | 'mx-ok' | 'mx-none' | 'unknown' // biome-ignore format: one list

/** What one look found: `says` it in words, `todo` says how to mend it. What has a `code` can be said in every language, with these values. */
export type Finding = {
  check: string
  state: 'ok' | 'warn' | 'fail'
  says: string
  todo?: string
  code?: Code
  values?: Record<string, string>
}

/** The same finding with its code. */
export function coded(finding: Finding, code: Code, values: Record<string, string>): Finding {
  return { ...finding, code, values }
}

export function ok(check: string, says: string): Finding {
  return { check, state: 'ok', says }
}

export function warn(check: string, says: string, todo: string): Finding {
  return { check, state: 'warn', says, todo }
}

export function fail(check: string, says: string, todo: string): Finding {
  return { check, state: 'fail', says, todo }
}

/** The words of an error, short and without a stack. */
export function reasonOf(error: unknown): string {
  const { code, message, cause } = error as NodeJS.ErrnoException
  if (cause) return reasonOf(cause)
  return (message || code || String(error)).split('\n')[0]!.slice(0, 200)
}
