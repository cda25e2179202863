/** `2 days`, `4 hours`, `1 hour, 30 minutes`. */
export function durationOf(language: string, milliseconds: number): string {
  const [days, rest] = [Math.floor(milliseconds / 86_400_000), milliseconds % 86_400_000]
  const parts = [
    [days, 'day'],
    [Math.floor(rest / 3_600_000), 'hour'],
    [Math.floor((rest % 3_600_000) / 60_000), 'minute'],
    [Math.floor((rest % 60_000) / 1000), 'second'],
  ] as const
  const words = parts
    .filter(([n]) => n > 0)
    .map(([n, unit]) =>
      new Intl.NumberFormat(`${language}-u-nu-latn`, { style: 'unit', unit, unitDisplay: 'long' }).format(n),
    )
  return words.length > 0 ? new Intl.ListFormat(language, { type: 'unit' }).format(words) : '0'
}

/** The same as fields take it: `48h`, `1h30m`. */
export function shortDuration(milliseconds: number): string {
  const parts = [
    [Math.floor(milliseconds / 3_600_000), 'h'],
    [Math.floor((milliseconds % 3_600_000) / 60_000), 'm'],
    [Math.floor((milliseconds % 60_000) / 1000), 's'],
    [milliseconds % 1000, 'ms'],
  ] as const
  return (
    parts
      .filter(([n]) => n > 0)
      .map(([n, unit]) => `${n}${unit}`)
      .join('') || '0s'
  )
}
