/** What one look found: `says` it in words, `todo` says how to mend it. */
export type Finding = { check: string; state: 'ok' | 'warn' | 'fail'; says: string; todo?: string }

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
