import { createHash, randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it } from 'vitest';
import { CleanupStack } from '../../src/core/cleanup.ts';
import { Deadline } from '../../src/core/deadline.ts';
import type { Reach } from '../../src/model/guest-network.ts';
import type { MachineName } from '../../src/model/machine.ts';
import type { Ready } from '../../src/target/target.ts';
import { benchDevice } from './bench.ts';

/** A device that has come up, and reaches so much of the host. */
async function bootReaching(machine: MachineName, reach: Reach, owner: CleanupStack): Promise<Ready> {
  return (await benchDevice('rauc-ab', machine, owner)).ready(reach);
}

/** A server of the host, and how many have come to it. */
async function serve(owner: CleanupStack, body: Buffer, address = '127.0.0.1') {
  const found = { port: 0, visits: 0 };
  const server = createServer((_, response) => response.end(body));
  server.on('connection', () => (found.visits += 1));
  server.listen(0, address);
  await once(server, 'listening');
  owner.defer('server', () => {
    server.closeAllConnections();
    server.close();
  });
  found.port = (server.address() as AddressInfo).port;
  return found;
}

/** The same for datagrams. */
async function serveDatagrams(owner: CleanupStack) {
  const found = { port: 0, visits: 0 };
  const socket = createSocket('udp4', () => (found.visits += 1));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  owner.defer('datagrams', () => void socket.close());
  found.port = socket.address().port;
  return found;
}

/** Addresses at which this host may be found, from the guest's network and from others. */
const addresses = [
  ...['10.0.2.2', '10.0.2.3', '10.0.2.254', '127.0.0.1'],
  ...Object.values(networkInterfaces()).flatMap((all) =>
    (all ?? []).flatMap(({ family, address, internal }) => (family === 'IPv4' && !internal ? [address] : [])),
  ),
];

/** Knocks at ports of the host by every address, and asks one for datagrams. */
async function scan(device: Ready, ports: readonly number[], datagrams: number): Promise<void> {
  const knocks = addresses.flatMap((address) => [
    ...ports.map((port) => `echo | nc -w 2 ${address} ${port} >/dev/null 2>&1`),
    `busybox timeout 2 busybox tftp -g -r x -l /dev/null ${address} ${datagrams} >/dev/null 2>&1`,
  ]);
  const { exitCode } = await device.run(`${knocks.join('\n')}\ntrue`, { deadline: Deadline.after(300_000) });
  expect(exitCode).toBe(0);
}

describe.each(['qemuarm64', 'qemux86-64'] as const)('a guest on %s', (machine) => {
  it('reaches the ports that are served to it, as often as it likes, and nothing else of the host', async () => {
    await using owner = new CleanupStack();
    const bundle = randomBytes(16 << 20);
    const [served, alsoServed, loopback, everywhere] = [
      await serve(owner, bundle),
      await serve(owner, Buffer.from('small')),
      await serve(owner, Buffer.from('secret')),
      await serve(owner, Buffer.from('secret'), '0.0.0.0'),
    ];
    const datagrams = await serveDatagrams(owner);
    const device = await bootReaching(machine, [served.port, alsoServed.port], owner);
    const deadline = () => ({ deadline: Deadline.after(120_000) });

    const whole = `wget -q -O - http://10.0.2.2:${served.port}/ | sha256sum`;
    const { stdout } = await device.run(whole, deadline());
    expect(stdout).toContain(createHash('sha256').update(bundle).digest('hex'));
    const small = `wget -q -O - http://10.0.2.2:${alsoServed.port}/`;
    const several = await device.run(`for i in 1 2 3 4 5 6; do ${small} & done; wait; ${small}`, deadline());
    expect(several.stdout).toBe('small'.repeat(7));
    expect([served.visits, alsoServed.visits]).toEqual([1, 7]);

    await scan(device, [loopback.port, everywhere.port, 22, 80], datagrams.port);
    expect([loopback.visits, everywhere.visits, datagrams.visits]).toEqual([0, 0, 0]);
  });
});

it('a guest of an open network reaches what listens on the host: the scan above finds what there is', async () => {
  await using owner = new CleanupStack();
  const loopback = await serve(owner, Buffer.from('secret'));
  const datagrams = await serveDatagrams(owner);
  const device = await bootReaching('qemuarm64', 'open', owner);
  await scan(device, [loopback.port], datagrams.port);
  expect(loopback.visits).toBeGreaterThan(0);
  expect(datagrams.visits).toBeGreaterThan(0);
});
