// Runs inside: tries to break out of the sandbox from JavaScript, and prints what worked, as a JSON list.
'use strict';
const child = require('node:child_process');
const dgram = require('node:dgram');
const fs = require('node:fs');
const net = require('node:net');

const attempts = {
  'reading /etc from JavaScript': () => fs.readFileSync('/etc/passwd'),
  'reading /proc from JavaScript': () => fs.readFileSync('/proc/self/status'),
  'reading /root from JavaScript': () => fs.readdirSync('/root'),
  'writing to /usr from JavaScript': () => fs.writeFileSync('/usr/escape', ''),
  'writing to / from JavaScript': () => fs.writeFileSync('/escape', ''),
  'being root from JavaScript': () => process.setuid(0),
  'seeing the environment from JavaScript': () => {
    if (Object.keys(process.env).some((name) => /OCTOLLM|KEY|TOKEN|SECRET/.test(name))) return;
    throw new Error('clean');
  },
  'a namespace from JavaScript': () => child.execFileSync('/usr/bin/unshare', ['-U', 'true'], { stdio: 'ignore' }),
  'much disk from JavaScript': () => fs.writeFileSync('big', Buffer.alloc(32 * 2 ** 20)),
};

function works(attempt) {
  try {
    attempt();
    return true;
  } catch {
    return false;
  }
}

function connects(begin) {
  return new Promise((resolve) => {
    try {
      const socket = begin(() => resolve(true));
      socket.on('error', () => resolve(false));
    } catch {
      resolve(false);
    }
  });
}

async function main() {
  const found = Object.keys(attempts).filter((name) => works(attempts[name]));
  const server = (then) => net.createServer().listen(0, '127.0.0.1', then);
  const datagram = (then) => dgram.createSocket('udp4').bind(0, '127.0.0.1', then);
  if (await connects(server)) found.push('a TCP socket from JavaScript');
  if (await connects(datagram)) found.push('a UDP socket from JavaScript');
  process.stdout.write(`${JSON.stringify(found)}\n`, () => process.exit(0));
}

main();
