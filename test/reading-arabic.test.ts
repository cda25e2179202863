import { afterAll, describe, expect, test } from 'vitest'
import * as reading from '../src/reading/index.ts'
import { encode } from './encode.ts'
import { origin } from './origin.ts'

afterAll(reading.close)

const ARABIC = [
  'لبنان وإيران وعمان تبحثان وقف إطلاق النار',
  'عاجل: البرلمان التركي يقر الموازنة الجديدة',
  'افتتاح معرض الكتاب الدولي في دمشق بمشاركة أربعين دارا',
  'السودان: نزوح الآلاف من الفاشر والأمم المتحدة تحذر',
  'افتراق الأفراد عن أفكار أسلافهم في رأي الكاتب',
  'اجتماع وزراء الخارجية في القاهرة يناقش ملف اللاجئين',
  'أفغانستان: زلزال يضرب إقليم هرات ويخلف مئات الضحايا',
  'الليرة السورية تستعيد بعض قيمتها أمام الدولار',
  'كان يا ما كان: حكايات الجدات تعود إلى مقاهي حلب',
  'انتخابات نيابية مبكرة في العراق وانقسام بين الكتل',
  'انخفاض أسعار النفط عالميا بعد بيانات المخزون الأمريكي',
  'منظمة الصحة: ظهور متحور جديد من الفيروس في آسيا',
  'غضب في غزة بعد غارة على مخيم للنازحين غرب خان يونس',
  'قطر والسعودية توقعان اتفاقا لإنشاء خط قطار سريع',
  'الأرصاد: أمطار غزيرة وانخفاض ملموس على درجات الحرارة',
  'إضراب المعلمين يدخل أسبوعه الثالث في تونس والمغرب',
  'ثلاثة قتلى في حادث سير مروع على طريق حمص طرطوس',
  'رئيس الوزراء يلتقي وفدا من رجال الأعمال الأتراك',
  'فوز المنتخب الأردني على نظيره العماني بهدفين',
  'ملف خاص: كيف يعيش أهل الريف بلا ماء ولا كهرباء؟',
  'شؤون المرأة: رائدات أعمال يؤسسن مشاريع ناشئة',
  'احتجاجات الطلاب تتواصل والحكومة تعد بإصلاحات',
  'بيان مشترك: لا بديل عن الحل السياسي للأزمة',
  'الآن: إطلاق سراح دفعة من الأسرى ضمن صفقة التبادل',
]
const PERSIAN = [
  'ايران و طالبان درباره مرز افغانستان گفتگو کردند',
  'افزايش قيمت نان در تهران و اعتراض نانوايان',
  'انفجار در معدن زغال سنگ طبس جان پنجاه کارگر را گرفت',
  'رئيس جمهور: دولت از جوانان ايران حمايت مي کند',
  'پيش بيني هواشناسي از بارش برف و باران در استان گيلان',
  'چهار بازيکن جديد به تيم ملي فوتبال دعوت شدند',
  'نمايشگاه کتاب تهران با حضور ناشران خارجي آغاز شد',
  'ژاپن و چين بر سر جزاير مورد اختلاف مذاکره مي کنند',
  'زنان افغان خواستار بازگشايي مدارس دختران شدند',
  'بازار ارز آرام گرفت و دلار به کانال پيشين بازگشت',
]
const URDU = 'پاکستان کا وزىر اعظم کراچى مىں ہنگامى اجلاس سے خطاب کرے گا، ٹرىن حادثے کے زخمى گھر پہنچے'
const NAMES = ['windows-1256', 'iso-8859-6'] as const
type Name = (typeof NAMES)[number]

/** A headline as each charset can hold it: ISO-8859-6 has no Persian letters, and those who use it write the Arabic ones. */
function held(text: string, name: Name): string {
  return name === 'windows-1256' ? text : text.replace(/[پچژگک]/g, (letter) => 'بجزقك'['پچژگک'.indexOf(letter)]!)
}

type Told = { declared?: string; header?: string; language?: string; body?: string }

async function titles(texts: string[], name: Name, { declared, header, language, body = '' }: Told) {
  const items = texts.map((text) => `<item><title>${text}</title><description>${body}</description></item>`).join('')
  const xml = `<rss version="2.0"><channel><title>news</title>${items}</channel></rss>`
  const bytes = encode((declared ? `<?xml version="1.0" encoding="${declared}"?>` : '') + xml, name)
  const { language: _, ...nowhere } = origin()
  const from = {
    ...nowhere,
    ...(language && { language }),
    ...(header && { contentType: `text/xml; charset=${header}` }),
  }
  return (await reading.read(bytes, from)).items.map(({ title }) => title)
}

function letters(text: string): number {
  return text.replace(/[^\p{L}]/gu, '').length
}

/** Headlines side by side in a feed until together they have so many letters, beginning at each of them. */
function runs(all: string[], least: number): string[][] {
  return all.map((_, from) => {
    const run: string[] = []
    for (let at = from; letters(run.join('')) < least; at++) run.push(all[at % all.length]!)
    return run
  })
}

describe.each(NAMES)('Arabic letters in %s', (name) => {
  const other = NAMES.find((each) => each !== name)!
  describe.each([
    ['ar', ARABIC],
    ['fa', PERSIAN],
  ])('%s', (language, written) => {
    const all = written.map((text) => held(text, name))

    test('are read as declared, however few they are', async () => {
      for (const run of [...all.map((text) => [text]), ...runs(all, 150), all]) {
        expect(await titles(run, name, { declared: name })).toEqual(run)
        expect(await titles(run, name, { header: name, language })).toEqual(run)
        expect(await titles(run, name, { declared: name, header: 'iso-8859-1', language })).toEqual(run)
      }
    })

    test('word for word are read as declared', async () => {
      for (const word of new Set(all.join(' ').match(/\p{L}+/gu)))
        expect(await titles([word], name, { declared: name, language })).toEqual([word])
    })

    test('are known without a declaration by forty of them', async () => {
      for (const run of [...runs(all, 40), all]) {
        expect(await titles(run, name, {})).toEqual(run)
        expect(await titles(run, name, { language })).toEqual(run)
        expect(await titles(run, name, { declared: 'windows-1252', language })).toEqual(run)
      }
    })

    test('are known against a wrong declaration by two hundred of them', async () => {
      for (const run of [...runs(all, 200), all]) {
        expect(await titles(run, name, { declared: other })).toEqual(run)
        expect(await titles(run, name, { header: other, language })).toEqual(run)
      }
    })

    test('decide where document and Content-Type name one each', async () => {
      for (const run of runs(all, 40)) {
        expect(await titles(run, name, { declared: name, header: other })).toEqual(run)
        expect(await titles(run, name, { declared: other, header: name })).toEqual(run)
      }
    })

    test('are known beside a great deal of English', async () => {
      const body = 'Breaking news from the region. '.repeat(50)
      for (const run of runs(all, 40)) expect(await titles(run, name, { body })).toEqual(run)
    })
  })

  test('in one word forty times over, and with a plain text, are read as declared', async () => {
    for (const word of ['اف', 'ان', 'ال', 'افلام أفراد', 'و', 'كان إيران']) {
      const run = [`${word} `.repeat(40).trim()]
      expect(await titles(run, name, { declared: name })).toEqual(run)
    }
    const body = 'نص عربي كاف للقراءة '.repeat(40)
    expect(await titles([ARABIC[1]!], name, { declared: name, body })).toEqual([ARABIC[1]])
  })

  test('with all their vowel signs are read as declared, and known without', async () => {
    const run = ['الْحَمْدُ لِلَّهِ رَبِّ الْعَالَمِينَ الرَّحْمَنِ الرَّحِيمِ مَالِكِ يَوْمِ الدِّينِ']
    expect(await titles(run, name, { declared: name })).toEqual(run)
    expect(await titles(run, name, {})).toEqual(run)
  })
})

test('accents and quotes beside Arabic letters change nothing', async () => {
  const run = ['قال الوزير «لا» لصحيفة “Le Monde” à Paris: été, où, déjà, dès']
  for (const told of [{ declared: 'windows-1256' }, { language: 'ar' }])
    expect(await titles(run, 'windows-1256', told)).toEqual(run)
})

test('a few bytes that the declared charset does not have do not win over all the others', async () => {
  const text = ARABIC.slice(0, 3).join(' ')
  const xml = (between: string) => `<?xml version="1.0" encoding="iso-8859-6"?><rss><channel><item><title>${text}${between}</title></item></channel></rss>` // biome-ignore format: one document
  const bytes = encode(xml('!!'), 'iso-8859-6')
  bytes.set([0x93, 0x94], bytes.indexOf('!!'))
  expect((await reading.read(bytes, origin())).notes.charset.name).toBe('iso-8859-6')
})

test('Urdu is known without a declaration', async () => {
  const run = [URDU, `${URDU} ${URDU}`]
  for (const told of [{}, { language: 'ur' }, { declared: 'iso-8859-6' }])
    expect(await titles(run, 'windows-1256', told)).toEqual(run)
})

test.each([
  ['windows-1251', 'Сегодня в столице прошло заседание правительства по вопросам бюджета'],
  ['koi8-r', 'Сегодня в столице прошло заседание правительства по вопросам бюджета'],
  ['windows-1253', 'Η κυβέρνηση ανακοίνωσε νέα μέτρα για την οικονομία και την εργασία'],
  ['windows-1255', 'הממשלה אישרה את התקציב החדש לאחר דיון ארוך בכנסת'],
  ['windows-1252', 'Été à Paris : où l’on a déjà fêté Noël, « ÉTÉ » et « ÀÉÈ »'],
  ['windows-1254', 'Şırnak’ta ilk kar yağışı çocukları güldürdü, ÜÇ ÖĞÜN ŞİŞLİ'],
])('%s that nobody declared is not taken for Arabic', async (name, text) => {
  const xml = `<rss version="2.0"><channel><item><title>${text}</title></item></channel></rss>`
  const { language: _, ...nowhere } = origin()
  const { notes } = await reading.read(encode(xml, name), nowhere)
  expect(notes.charset.name).toBe('windows-1252')
})
