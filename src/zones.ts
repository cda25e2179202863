/*
 * How people call a time zone: by its city. The zones where our readers are likely to live; another one is called by the
 * city in its IANA name, in Latin letters.
 */

/** One city a line: IANA name, Arabic, Turkish, and English where the IANA name is not what people say. */
const CITIES = `
Europe/Istanbul إسطنبول İstanbul
Europe/Berlin برلين Berlin
Europe/London لندن Londra
Europe/Paris باريس Paris
Europe/Madrid مدريد Madrid
Europe/Rome روما Roma
Europe/Vienna فيينا Viyana
Europe/Zurich زيورخ Zürih Zürich
Europe/Brussels بروكسل Brüksel
Europe/Amsterdam أمستردام Amsterdam
Europe/Copenhagen كوبنهاغن Kopenhag
Europe/Stockholm ستوكهولم Stockholm
Europe/Oslo أوسلو Oslo
Europe/Helsinki هلسنكي Helsinki
Europe/Dublin دبلن Dublin
Europe/Lisbon لشبونة Lizbon
Europe/Athens أثينا Atina
Europe/Sofia صوفيا Sofya
Europe/Bucharest بوخارست Bükreş
Europe/Budapest بودابست Budapeşte
Europe/Belgrade بلغراد Belgrad
Europe/Sarajevo سراييفو Saraybosna
Europe/Skopje سكوبيه Üsküp
Europe/Tirane تيرانا Tiran Tirana
Europe/Prague براغ Prag
Europe/Warsaw وارسو Varşova
Europe/Kiev كييف Kiev Kyiv
Europe/Moscow موسكو Moskova
Europe/Minsk مينسك Minsk
Europe/Chisinau كيشيناو Kişinev Chișinău
Europe/Malta مالطا Malta
Europe/Luxembourg لوكسمبورغ Lüksemburg
Asia/Nicosia نيقوسيا Lefkoşa
Asia/Baku باكو Bakü
Asia/Tbilisi تبليسي Tiflis
Asia/Yerevan يريفان Erivan
Asia/Damascus دمشق Şam
Asia/Beirut بيروت Beyrut
Asia/Jerusalem القدس Kudüs
Asia/Gaza غزة Gazze
Asia/Hebron الخليل Halil
Asia/Amman عمّان Amman
Asia/Baghdad بغداد Bağdat
Asia/Riyadh الرياض Riyad
Asia/Kuwait الكويت Kuveyt
Asia/Qatar الدوحة Doha Doha
Asia/Bahrain البحرين Bahreyn
Asia/Dubai دبي Dubai
Asia/Muscat مسقط Maskat
Asia/Aden عدن Aden
Asia/Tehran طهران Tahran
Asia/Kabul كابول Kabil
Asia/Karachi كراتشي Karaçi
Asia/Tashkent طشقند Taşkent
Asia/Almaty ألماتي Almatı
Asia/Bishkek بيشكيك Bişkek
Asia/Ashgabat عشق_آباد Aşkabat
Asia/Calcutta كولكاتا Kalküta Kolkata
Asia/Katmandu كاتماندو Katmandu Kathmandu
Asia/Dhaka دكا Dakka
Asia/Bangkok بانكوك Bangkok
Asia/Jakarta جاكرتا Cakarta
Asia/Kuala_Lumpur كوالالمبور Kuala_Lumpur
Asia/Singapore سنغافورة Singapur
Asia/Hong_Kong هونغ_كونغ Hong_Kong
Asia/Shanghai شنغهاي Şanghay
Asia/Seoul سيول Seul
Asia/Tokyo طوكيو Tokyo
Africa/Cairo القاهرة Kahire
Africa/Khartoum الخرطوم Hartum
Africa/Tripoli طرابلس Trablus
Africa/Tunis تونس Tunus
Africa/Algiers الجزائر Cezayir
Africa/Casablanca الدار_البيضاء Kazablanka
Africa/El_Aaiun العيون Layun Laayoune
Africa/Nouakchott نواكشوط Nuakşot
Africa/Mogadishu مقديشو Mogadişu
Africa/Djibouti جيبوتي Cibuti
Africa/Addis_Ababa أديس_أبابا Addis_Ababa
Africa/Nairobi نيروبي Nairobi
Africa/Lagos لاغوس Lagos
Africa/Dakar داكار Dakar
Africa/Johannesburg جوهانسبرغ Johannesburg
America/New_York نيويورك New_York
America/Chicago شيكاغو Chicago
America/Denver دنفر Denver
America/Los_Angeles لوس_أنجلوس Los_Angeles
America/Toronto تورونتو Toronto
America/Vancouver فانكوفر Vancouver
America/Mexico_City مكسيكو Meksiko Mexico_City
America/Bogota بوغوتا Bogota Bogotá
America/Lima ليما Lima
America/Caracas كاراكاس Karakas
America/Santiago سانتياغو Santiago
America/Buenos_Aires بوينس_آيرس Buenos_Aires
America/Sao_Paulo ساو_باولو São_Paulo São_Paulo
Australia/Sydney سيدني Sidney
Australia/Melbourne ملبورن Melbourne
Australia/Perth بيرث Perth
Pacific/Auckland أوكلاند Auckland
`

type City = { ar: string; tr: string; en: string }

const cities = new Map(
  CITIES.trim()
    .split('\n')
    .map((line): [string, City] => {
      const [zone, ar, tr, en] = line.split(' ').map((word) => word.replaceAll('_', ' '))
      const iana = line.split(' ')[0]!
      return [iana, { ar: ar!, tr: tr!, en: en ?? lastOf(zone!) }]
    }),
)

/** The zones that have a name of ours, for a form to choose from. */
export const named = [...cities.keys()]

/** What people call a zone (IANA) in a language: `إسطنبول`, `Istanbul`, `İstanbul`. */
export function city(zone: string, language: string): string {
  const known = cities.get(zone) ?? cities.get(canonical(zone))
  const spoken = language.split('-')[0]!.toLowerCase()
  if (known) return spoken === 'ar' || spoken === 'tr' ? known[spoken] : known.en
  return lastOf(zone).replaceAll('_', ' ')
}

function canonical(zone: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone
  } catch {
    return zone
  }
}

function lastOf(zone: string): string {
  return zone.slice(zone.lastIndexOf('/') + 1)
}
