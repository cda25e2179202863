import { Problem } from './problem.ts'

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

const LONGEST = 3650 * UNITS['d']! // ten years: beyond it is a slip of the finger

/** `90s`, `5m`, `48h`, `2d`, `1h30m` → milliseconds, whole ones. */
export function duration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)]
  if (parts.length === 0 || parts.map((part) => part[0]).join('') !== text.trim()) {
    throw new Problem('duration-unclear', { value: text })
  }
  const milliseconds = Math.round(parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS[unit!]!, 0))
  if (!(milliseconds <= LONGEST)) throw new Problem('duration-too-long', { value: text })
  return milliseconds
}
