import { fold } from '../text.ts'

// English, French, German, Turkish; Arabic as Syria and Iraq, as Egypt and the Gulf, as Morocco, as Algeria and Tunisia say it.
const MONTHS = [
  'January Jan Janvier janv Januar Jänner Ocak Oca|كانون الثاني|كانون ثاني|يناير|جانفي',
  'February Feb Février févr fév Februar Şubat Şub|شباط|فبراير|فيفري',
  'March Mar Mars März Mär Mrz Mart|آذار|مارس|مارت',
  'April Apr Avril avr Nisan Nis|نيسان|أبريل|إبريل|أفريل',
  'May Mai Mayıs|أيار|مايو|ماي|مايس',
  'June Jun Juin Juni Haziran Haz|حزيران|يونيو|يونية|جوان',
  'July Jul Juillet juil Juli Temmuz Tem|تموز|يوليو|يولية|يوليوز|جويلية',
  'August Aug Août Ağustos Ağu|آب|أغسطس|غشت|أوت|اوغسطس',
  'September Sep Sept Septembre Eylül Eyl|أيلول|سبتمبر|شتنبر',
  'October Oct Octobre Oktober Okt Ekim Eki|تشرين الأول|تشرين أول|أكتوبر|اكتوبر',
  'November Nov Novembre Kasım Kas|تشرين الثاني|تشرين ثاني|نوفمبر|نونبر',
  'December Dec Décembre déc Dezember Dez Aralık Ara|كانون الأول|كانون أول|ديسمبر|دجنبر',
]

const numbers = new Map(
  MONTHS.flatMap((names, index) =>
    names
      .split('|')
      .flatMap((part, place) =>
        (place === 0 ? part.split(' ') : [part]).map((name): [string, number] => [fold(name), index + 1]),
      ),
  ),
)
const names = [...numbers.keys()].sort((a, b) => b.length - a.length).map((name) => name.replaceAll(' ', ' {0,3}'))

/** A month's name in a text that has been through `fold`; a pattern's source, with one group. */
export const MONTH = `(?<!\\p{L})(${names.join('|')})(?!\\p{L})`

/** Which month a name that `MONTH` found is, from 1. */
export function monthOf(name: string): number {
  return numbers.get(name) ?? numbers.get(name.replace(/^(كانون|تشرين) */, '$1 '))!
}
