import { fold } from '../text.ts'
import type { Message } from './message.ts'

/** Subjects of answers that nobody wrote, folded. */
const AWAY =
  /^(auto(matic|mated)?[ -]?(reply|response|answer)|out of (the )?office|ooo\b|vacation|away from|i am away|رد تلقايي|رد الي|الرد التلقايي|رد اوتوماتيكي|خارج المكتب|غياب|اجازه|otomatik yanit|otomatik cevap|ofis disinda|ofiste degil|izindeyim|izinde\b|yillik izin|abwesen|reponse automatique|respuesta automatica)/
const AWAY_ANYWHERE = /out of (the )?office|خارج المكتب|ofis disinda|رد تلقايي|otomatik yanit/

/** What somebody writes who wants to leave and says nothing else, folded. */
const ORDERS = new Set([
  'الغاء', 'ايقاف', 'الغاء الاشتراك', 'ايقاف الاشتراك', 'الغاء اشتراكي', 'الغاء اشتراك', 'وقف الاشتراك', 'توقف', 'اوقفوا', 'iptal', 'iptal et', 'abonelikten cik', 'abonelikten cikar', 'abonelikten cikmak istiyorum', 'aboneligi iptal et', 'aboneligimi iptal et', 'abonelik iptal', 'abonelik iptali', 'durdur', 'unsubscribe', 'unsubscribe me', 'please unsubscribe', 'please unsubscribe me', 'stop',
]) // biome-ignore format: one list
const QUOTED =
  /^>|^-{2,} ?(original message|forwarded|orijinal ileti|ozgun ileti|الرساله الاصليه)|^_{5,}$|^(on|في|le|am) .{5,200}(wrote|كتب|ecrit|schrieb).{0,80}:?$|(sunlari yazdi|sunu yazdi|yazdi):?$|كتب.{0,60}:$|^(from|من|kimden|gonderen|von|de): /
const SIGNATURE =
  /^-- ?$|^(sent|get outlook|gonderildi|ارسلت من|ارسل من|مرسل من|تم الارسال) ?|(iphone|android|ipad)(['’]?\w{0,4})? (gonderildi|dan gonderildi)|iphone.?umdan gonderildi/

/** Whether nobody wrote this: RFC 3834 and what came before it, in the headers and in the subject's words. */
export function isAutomatic({ header, subject }: Message): boolean {
  const submitted = (header['auto-submitted'] ?? 'no').toLowerCase()
  if (!submitted.startsWith('no')) return true
  if (
    ['x-autoreply', 'x-autorespond', 'x-autoresponder', 'x-auto-reply', 'x-mail-autoreply'].some((name) => header[name])
  )
    return true
  if (/auto[_-]?reply|bulk|junk|list/i.test(header['precedence'] ?? '')) return true
  const said = fold(subject).replace(/^((re|fw|fwd|ynt|ilt|رد|اعاده)\s*:\s*)+/, '')
  return AWAY.test(fold(subject)) || AWAY.test(said) || AWAY_ANYWHERE.test(said)
}

/** Whether somebody says that they want to leave, and nothing else: in the text, or in the subject of an empty letter. */
export function isOrder({ subject, text }: Message): boolean {
  const written: string[] = []
  for (const line of text.slice(0, 5000).split(/\r?\n/, 300)) {
    const said = fold(line)
    if (QUOTED.test(said) || SIGNATURE.test(said)) break
    if (said) written.push(said)
    if (written.length > 3) return false
  }
  return ORDERS.has(bare(written.length > 0 ? written.join(' ') : fold(subject)))
}

function bare(text: string): string {
  return text
    .replace(/[\p{P}\p{S}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}
