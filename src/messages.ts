import ar from '../templates/messages/ar.json' with { type: 'json' }
import articlesAr from '../templates/messages/desk/articles.ar.json' with { type: 'json' }
import articlesEn from '../templates/messages/desk/articles.en.json' with { type: 'json' }
import articlesTr from '../templates/messages/desk/articles.tr.json' with { type: 'json' }
import channelsAr from '../templates/messages/desk/channels.ar.json' with { type: 'json' }
import channelsEn from '../templates/messages/desk/channels.en.json' with { type: 'json' }
import channelsTr from '../templates/messages/desk/channels.tr.json' with { type: 'json' }
import digestsAr from '../templates/messages/desk/digests.ar.json' with { type: 'json' }
import digestsEn from '../templates/messages/desk/digests.en.json' with { type: 'json' }
import digestsTr from '../templates/messages/desk/digests.tr.json' with { type: 'json' }
import kitAr from '../templates/messages/desk/kit.ar.json' with { type: 'json' }
import kitEn from '../templates/messages/desk/kit.en.json' with { type: 'json' }
import kitTr from '../templates/messages/desk/kit.tr.json' with { type: 'json' }
import readersAr from '../templates/messages/desk/readers.ar.json' with { type: 'json' }
import readersEn from '../templates/messages/desk/readers.en.json' with { type: 'json' }
import readersTr from '../templates/messages/desk/readers.tr.json' with { type: 'json' }
import settingsAr from '../templates/messages/desk/settings.ar.json' with { type: 'json' }
import settingsEn from '../templates/messages/desk/settings.en.json' with { type: 'json' }
import settingsTr from '../templates/messages/desk/settings.tr.json' with { type: 'json' }
import startAr from '../templates/messages/desk/start.ar.json' with { type: 'json' }
import startEn from '../templates/messages/desk/start.en.json' with { type: 'json' }
import startTr from '../templates/messages/desk/start.tr.json' with { type: 'json' }
import en from '../templates/messages/en.json' with { type: 'json' }
import tr from '../templates/messages/tr.json' with { type: 'json' }

const allAr = { ...ar, ...kitAr, ...startAr, ...articlesAr, ...channelsAr, ...readersAr, ...digestsAr, ...settingsAr }
const allEn = { ...en, ...kitEn, ...startEn, ...articlesEn, ...channelsEn, ...readersEn, ...digestsEn, ...settingsEn }
const allTr = { ...tr, ...kitTr, ...startTr, ...articlesTr, ...channelsTr, ...readersTr, ...digestsTr, ...settingsTr }

export type MessageKey = keyof typeof allEn

/** What we say, by language: the paper's, the letters' and the commands' sentences, and those of each room of the desk. */
export const MESSAGES: Record<string, Record<string, string>> = { ar: allAr, en: allEn, tr: allTr }
