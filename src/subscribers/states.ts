import { fold } from '../text.ts'

/** What a whole file, or a row of it, says of a reader. */
export type Fate = 'in' | 'left' | 'bounced' | 'waits'

/** What programs and people call a state, as `fold` writes it. What is none of these is asked about, not guessed. */
const STATES: Record<Fate, string[]> = {
  in: [
    '', 'active', 'subscribed', 'enabled', 'confirmed', 'yes', 'true', '1', 'member', 'free', 'paid', 'comped', 'مشترك', 'نشط', 'مؤكد', 'نعم', 'فعال',
    'abone', 'aktif', 'etkin', 'onayli', 'evet',
  ],
  left: [
    'left', 'unsubscribed', 'unsubscribe', 'cancelled', 'canceled', 'opted out', 'opted-out', 'optedout', 'opt-out', 'deleted', 'no', 'false', '0', 'غير مشترك',
    'ملغي', 'ملغى', 'الغي الاشتراك', 'غادر', 'لا', 'ayrildi', 'ayrilmis', 'iptal', 'iptal edildi', 'abonelikten cikti', 'abone degil', 'hayir',
  ],
  bounced: [
    'suppressed', 'bounced', 'bounce', 'hard bounced', 'hard bounce', 'hard-bounced', 'complained', 'complaint', 'blocklisted', 'blacklisted', 'blocked', 'banned', 'cleaned',
    'spam', 'invalid', 'مرتد', 'محظور', 'ممنوع', 'geri dondu', 'engelli', 'engellendi',
  ],
  waits: [
    'pending', 'unconfirmed', 'inactive', 'disabled', 'transactional', 'nonsubscribed', 'non-subscribed', 'archived', 'soft bounced', 'قيد الانتظار', 'غير مؤكد', 'غير نشط',
    'beklemede', 'onaysiz', 'onaylanmadi', 'pasif',
  ],
} // biome-ignore format: one table
const FATES = new Map(
  Object.entries(STATES).flatMap(([fate, words]) => words.map((word) => [fold(word), fate as Fate])),
)

/** Words of those who are gone that are answers to much else, too. */
const ORDINARY = ['no', 'false', '0', 'لا', 'hayir', 'invalid'].map(fold)

/** What stands in a column that says when somebody left, where nobody has. */
const NOTHING = new Set(
  ['', '-', '\\n', 'null', 'nil', 'none', 'n/a', 'na', 'false', 'no', '0', 'لا', 'hayir'].map(fold),
)

/** Whether a word can hardly be about anything but somebody who is gone. */
export function tellsGone(word: string): boolean {
  if (word.length < 3 || word.length > 30) return false
  const folded = fold(word).replaceAll('_', ' ')
  const fate = FATES.get(folded)
  return (fate === 'left' || fate === 'bounced') && !ORDINARY.includes(folded)
}

/** Whether a cell says yes, or when, in a column of those who left or bounced. */
export function saysYes(cell: string): boolean {
  return cell !== '' && !NOTHING.has(fold(cell)) && !/^0000-00-00/.test(cell)
}

/** What a word says of its reader; undefined for one that is no state. */
export function fateNamed(word: string): Fate | undefined {
  const folded = fold(word).replaceAll('_', ' ')
  return folded === '' && word !== '' ? undefined : FATES.get(folded)
}
