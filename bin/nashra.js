#!/usr/bin/env node
'use strict'
require('./node26.js').run(require('node:path').join(__dirname, '../src/main.ts'), process.argv.slice(2))
