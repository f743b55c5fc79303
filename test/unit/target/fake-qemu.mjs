// A stand-in for QEMU that does what the words of `-append` say, with a real control socket, console and ssh server.
import { spawn } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import ssh2 from 'ssh2';

const line = process.argv.slice(2).join('\n');
const found = (pattern) => pattern.exec(line)?.[1] ?? '';
const acts = found(/^-append\n(.*)$/m).split(' ');
const does = (act) => acts.includes(act);
const say = (text) => appendFileSync(found(/^file,id=console,path=([^,]*)/m), `${text}\n`);
const monitors = new Set();
const tell = (event, data = {}) => {
  for (const socket of monitors) socket.write(`${JSON.stringify({ event, data })}\n`);
};

/** The guest ends its power cycle. */
function end(reason) {
  tell('SHUTDOWN', { guest: true, reason });
  setTimeout(() => process.exit(0), 20);
}

/** The host does not let it run for so many seconds. */
function standStill(seconds) {
  spawn('sh', ['-c', `sleep ${seconds}; kill -CONT "$0"`, String(process.pid)]);
  process.kill(process.pid, 'SIGSTOP');
}

function boot() {
  say('booting');
  if (does('stops')) process.kill(process.pid, 'SIGSTOP');
  if (does('stands-still')) standStill(11);
  // Again and again: the first may come before anybody listens.
  if (!does('unplugged')) setInterval(() => tell('NIC_RX_FILTER_CHANGED'), 100);
  if (does('kernel')) say('Starting kernel ...\n[    0.000000] Linux version 6.12');
  if (does('panic')) say('Kernel panic - not syncing: no init\n---[ end Kernel panic - not syncing: no init');
  if (does('emergency')) say('You are in emergency mode. Press Enter.');
  if (does('resets')) end('guest-reset');
  if (does('powers-off')) end('guest-shutdown');
  if (does('dies')) process.exit(3);
  if (does('loses-disk')) tell('BLOCK_IO_ERROR', { action: 'stop', reason: 'Input/output error' });
  if (does('breaks-nbd')) connect(found(/path=([^,\n]*\/nbd)/)).write('no handshake of NBD at all');
}

const qmp = createServer((socket) => {
  socket.on('error', () => undefined);
  socket.write('{"QMP": {}}\n');
  socket.on('data', (chunk) => {
    for (const text of chunk.toString().split('\n').filter(Boolean)) {
      const { id, execute } = JSON.parse(text);
      socket.write(`${JSON.stringify({ return: {}, id })}\n`);
      if (execute !== 'qmp_capabilities') continue;
      monitors.add(socket);
      setTimeout(boot, 100);
    }
  });
});
if (!does('mute')) qmp.listen(found(/^socket,id=qmp,path=([^,]*)/m));
setInterval(() => undefined, 60_000);

const port = Number(found(/hostfwd=tcp:127\.0\.0\.1:(\d+)/));
if (!does('listens')) {
  // As QEMU's user network: it accepts before it knows whether the guest does.
  createServer((socket) => does('refuses') && socket.destroy()).listen(port, '127.0.0.1');
} else {
  const key = does('has-new-key')
    ? ssh2.utils.generateKeyPairSync('ecdsa', { bits: 256 }).private
    : readFileSync(new URL('../../../images/keys/host_ed25519', import.meta.url));
  const server = new ssh2.Server({ hostKeys: [key] }, (client) => {
    client.on('error', () => undefined);
    client.on('authentication', (context) => (does('knows-nobody') ? context.reject() : context.accept()));
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec, _, { command }) => run(command, acceptExec())),
    );
  });
  server.listen(port, '127.0.0.1');
}

/** `stumble` resets a guest that the host did not let run. `reboot` and `poweroff` do as `-append` says of them: fail, nothing, the other's work; anything else hangs. */
function run(fenced, channel) {
  const command = /^\(eval '(.*)'\)$/m.exec(fenced)?.[1];
  if (command === 'stumble') {
    standStill(3);
    return end('guest-reset');
  }
  if (command !== 'reboot' && command !== 'poweroff') return;
  const fails = does('fails-to-end');
  const [beforeErr, before, after] = [...fenced.matchAll(/echo (brownout-)''(\S+)/g)].map(
    ([, one, other]) => one + other,
  );
  const code = fails ? 1 : 0;
  channel.write(`\n${before}\n\n${after} ${code}\n`);
  channel.stderr.write(`\n${beforeErr}\n${fails ? 'not today' : ''}\n${after} ${code}\n`);
  channel.exit(code);
  channel.end();
  if (fails || does('does-not-end')) return;
  end((command === 'reboot') === does('ends-otherwise') ? 'guest-shutdown' : 'guest-reset');
}
