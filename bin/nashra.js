#!/usr/bin/env node
'use strict'
// What is new is looked through a megabyte at a time, not sixteen, and what has grown old when there is a seventh more of it: left
// to itself, what serves, sends or takes readers in would let 50 MB of each pile up. It has to be said before anything is loaded.
var LEAN = ['--semi-space-growth-factor=1', '--heap-growing-percent=15']
var args = process.argv.slice(2)
require('./node26.js').run(require('node:path').join(__dirname, '../src/main.ts'), args, args[0] === 'serve' || args[0] === 'subscribers' ? LEAN : [])
