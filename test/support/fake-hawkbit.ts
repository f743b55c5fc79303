import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Controller } from '../../src/hawkbit/controller.ts';
import type { Offer } from '../../src/hawkbit/messages.ts';
import { DdiServer } from '../../src/hawkbit/server.ts';

export const credentials = 'admin:s3cret-pw';

/** What the server does that it should not. */
interface Fault {
  /** Devices are not let in by their own token. */
  refusesTokens?: true;
  /** An order is not given. */
  forgetsOrders?: true;
}

interface Module {
  name: string;
  version: string;
  file?: { name: string; bytes: Buffer };
}

/** A small hawkBit server with a Management API, for a host on loopback. Orders are what devices are then told of by its DDI. */
export async function fakeHawkbit({ refusesTokens, forgetsOrders }: Fault = {}) {
  const ddi = new DdiServer({ polling: 1, onNotice: () => undefined });
  const targets = new Map<string, string>();
  const orders = new Map<string, Controller>();
  const modules: Module[] = [];
  const sets: Module[] = [];
  const removed: string[] = [];

  /** The answer to a request of the Management API: a status, and JSON. */
  function manage(request: IncomingMessage, body: Buffer): [number, unknown?] {
    const basic = `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (request.headers.authorization !== basic) return [401];
    const asked = `${request.method} ${(request.url ?? '').replace('/rest/v1', '').split('?')[0]}`;
    const json = () => JSON.parse(body.toString()) as Record<string, unknown>[];
    if (asked === 'GET /targets') return [200, { content: [], total: 0 }];
    if (request.method === 'DELETE') {
      removed.push(asked.replace('DELETE /', ''));
      return [200];
    }
    const [first] = asked.endsWith('/artifacts') ? [] : [json()].flat();
    if (asked === 'POST /targets') {
      targets.set(String(first?.['controllerId']), String(first?.['securityToken']));
      return [201, []];
    }
    if (asked === 'POST /softwaremodules') {
      modules.push({ name: String(first?.['name']), version: String(first?.['version']) });
      return [201, [{ id: modules.length }]];
    }
    if (asked === 'POST /distributionsets') {
      const [used] = first?.['modules'] as { id: number }[];
      const module = modules[(used?.id ?? 0) - 1];
      if (module !== undefined) sets.push(module);
      return [201, [{ id: sets.length }]];
    }
    const upload = /^POST \/softwaremodules\/(\d+)\/artifacts$/.exec(asked);
    if (upload !== null) {
      const [, boundary = ''] = /boundary=(.+)$/.exec(request.headers['content-type'] ?? '') ?? [];
      const start = body.indexOf('\r\n\r\n') + 4;
      const [, name = ''] = /filename="(.+?)"/.exec(body.toString('latin1', 0, start)) ?? [];
      const bytes = body.subarray(start, body.lastIndexOf(`\r\n--${boundary}`));
      const module = modules[Number(upload[1]) - 1];
      if (module !== undefined) module.file = { name, bytes };
      return [201, {}];
    }
    const assign = /^POST \/targets\/(.+)\/assignedDS$/.exec(asked);
    if (assign !== null) return assigned(decodeURIComponent(assign[1] ?? ''), Number(first?.['id']));
    return [404];
  }

  function assigned(id: string, set: number): [number, unknown] {
    if (forgetsOrders === true) return [200, { assigned: 0, assignedActions: [] }];
    const module = sets[set - 1];
    const controller = ddi.register(id, refusesTokens === true ? 'another' : (targets.get(id) ?? ''));
    const action = controller.assign(offerOf(module), { download: 'forced', update: 'forced' });
    orders.set(id, controller);
    return [200, { assigned: 1, assignedActions: [{ id: action.id }] }];
  }

  const http = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [, id = '', number = ''] =
      /^\/rest\/v1\/targets\/(.+)\/actions\/(\d+)$/.exec(request.url ?? '') ?? [];
    if (number !== '') {
      const state = orders
        .get(decodeURIComponent(id))
        ?.actions.find((one) => one.id === Number(number))?.state;
      response.end(
        JSON.stringify({ status: state === 'running' ? 'pending' : 'finished', detailStatus: state }),
      );
    } else if (request.url?.startsWith('/rest/v1/') === true) {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const [status, json] = manage(request, Buffer.concat(chunks));
      response.writeHead(status).end(json === undefined ? '' : JSON.stringify(json));
    } else if (!(await ddi.handle(request, response))) {
      const bytes = modules.find(({ version }) => `/${version}` === request.url)?.file?.bytes;
      response.writeHead(bytes === undefined ? 404 : 200).end(bytes);
    }
  }
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    targets,
    modules,
    removed,
    /** What has become of each order. */
    outcomes: () => [...orders.values()].flatMap(({ actions }) => actions.map(({ state }) => state)),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}

function offerOf(module: Module | undefined): Offer {
  const { name = '', version = '', file } = module ?? {};
  if (file === undefined) return { name, version };
  const hash = (algorithm: string) => createHash(algorithm).update(file.bytes).digest('hex');
  return {
    ...{ name, version },
    artifact: {
      filename: file.name,
      path: `/${version}`,
      bytes: file.bytes.length,
      hashes: { sha1: hash('sha1'), md5: hash('md5'), sha256: hash('sha256') },
    },
  };
}
