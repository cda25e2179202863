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

/** What a word says of its reader; undefined for one that is no state. */
export function fateNamed(word: string): Fate | undefined {
  return FATES.get(fold(word).replaceAll('_', ' '))
}
