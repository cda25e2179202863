import { wordsOf } from '../address.ts'
import { addressIn } from './fields.ts'
import type { Message } from './message.ts'
import { type Finding, judged } from './status.ts'

/** Who writes bounces, and what they call them. */
const DAEMON =
  /^(mailer-daemon|postmaster|mail-daemon|mdaemon|microsoftexchange[0-9a-f]*|double-bounce|noreply-dsn|mailadmin)@/i
const SUBJECT =
  /undeliver|not delivered|delivery (status )?(notification|failure|failed|has failed|problem)|mail (delivery )?(failed|failure|system error)|returned mail|failure notice|warning: (message|could not)|نعذر التسليم|لم يتم تسليم|تعذر تسليم|تعذّر تسليم|teslim edilemedi|iletilemedi|ileti teslim/i

/** How servers begin that send no report: Exim, Qmail, Exchange, Gmail, and those who write it in their own words. */
const SHAPES = [
  /^This message was created automatically by (the )?mail delivery software/m,
  /^Hi\. This is the [\w. -]{0,60}(program|deliver)/m,
  /Your message (did not reach|wasn['’]t delivered to|couldn['’]t be delivered)/,
  /^Delivery has failed to these recipients/m,
  /^Delivery to the following recipients? (has )?(failed|been delayed)/m,
  /^The following addresses had (permanent fatal|transient non-fatal) errors/m,
  /^Sorry, we were unable to deliver your message/m,
  /^This is the mail system at host/m,
  /^I('m| am) sorry to have to inform you that your message could not/m,
  /^I wasn['’]t able to deliver your message|^I'm afraid I wasn't able to deliver your message/m,
  /^(تعذّ?ر|لم نتمكن من|لم يتم) تسليم/m,
  /^(İletiniz|Mesajınız|E-postanız)[^\n]{0,80}(teslim edilemedi|iletilemedi|ulaştırılamadı)/m,
]
const DELAY =
  /\bdelay(ed)?\b|warning message only|will (continue|keep) (to try|trying|to be retried)|will be retried|not (yet )?been delivered|do not need to resend|لا تزال المحاولة|gecik(ti|mesi|me)/i
const ALONE = /^[ \t>*]{0,20}<?([^\s<>@:]{1,64}@[\w.-]{1,252}\w)>?[ \t]*:?[ \t]*$/m
const RETURNED =
  /^-+ ?(below this line is a copy|this is a copy of|original message|enclosed is a copy|الرسالة الأصلية|orijinal ileti)/im

/** The bounce that a server sent in its own words; undefined when it is none. */
export function unreportedIn(message: Message): Finding[] | undefined {
  const { header, subject, text } = message
  const failed = header['x-failed-recipients']
  const told = text.slice(0, text.search(RETURNED) >= 0 ? text.search(RETURNED) : 8000)
  if (!(failed || written(message, told))) return undefined
  const address = addressIn(failed) ?? named(told)
  const words = wordsOf(reason(told))
  const about = { words, ...(address && { address }) }
  if (DELAY.test(`${subject}\n${told.slice(0, 2000)}`)) return [{ kind: 'delayed', status: null, ...about }]
  return [{ ...judged(null, told), ...about }]
}

/** Whether a machine has written a bounce: it says who it is, and speaks as they do. */
function written({ from, subject, header }: Message, told: string): boolean {
  const machine = DAEMON.test(from) || /^<>$/.test(header['return-path'] ?? '')
  return machine && (SHAPES.some((shape) => shape.test(told)) || (SUBJECT.test(subject) && /@|\b5\d\d\b/.test(told)))
}

/** The address that stands alone on a line, as most servers write it. */
function named(text: string): string | undefined {
  return ALONE.exec(text)?.[1]
}

/** The line with the other server's answer, else what follows the address, else the first words. */
function reason(text: string): string {
  const answer = /^.*\b[45]\d\d[ #-].*(\n[ \t]+\S.*)?/m.exec(text)?.[0] ?? /^.*#[45]\.\d+\.\d+.*/m.exec(text)?.[0]
  return answer ?? text.split(ALONE)[2] ?? text
}
