#!/usr/bin/env node
'use strict'
var MUCH = ['serve', 'send', 'digest', 'subscribers'] // they make much of what nobody needs for long
var args = process.argv.slice(2)
require('./node26.js').run(require('node:path').join(__dirname, '../src/main.ts'), args, MUCH.indexOf(args[0]) >= 0)
