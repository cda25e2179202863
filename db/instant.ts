declare const brand: unique symbol

/** A moment, in milliseconds since 1970 UTC: what both databases store, compare and index alike. */
export type Instant = number & { readonly [brand]: 'Instant' }

export function instant(moment: Temporal.Instant): Instant {
  return moment.epochMilliseconds as Instant
}

/** The moment `milliseconds` after another (before it, when negative). */
export function later(moment: Instant, milliseconds: number): Instant {
  return (moment + milliseconds) as Instant
}

export function moment(at: Instant): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(at)
}
