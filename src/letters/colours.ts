/** The colours of a letter in the light; no pure black or white, which some readers turn around. */
export const LIGHT = { paper: '#fefdfb', ink: '#1d1b18', grey: '#5d574f', rule: '#ddd6c9' }
/** The same in the dark. */
export const DARK = { paper: '#161513', ink: '#e9e4da', grey: '#a79f93', rule: '#37332d' }
