import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Offer } from '../../../src/hawkbit/messages.ts';
import { type DdiOptions, DdiServer } from '../../../src/hawkbit/server.ts';

export const token = 's3cret';
export const offer: Offer = {
  name: 'fw',
  version: '2.0',
  artifact: { filename: 'up.swu', path: '/2.0/swu', bytes: 7, hashes: { sha1: 'a', md5: 'b', sha256: 'c' } },
};
export const now = { download: 'forced', update: 'forced' } as const;

/** A server with one device, `dev1`, and what it complains of. */
export async function open(options: Partial<DdiOptions> = {}) {
  const notices: string[] = [];
  const ddi = new DdiServer({ polling: 5, onNotice: (notice) => notices.push(notice), ...options });
  const http = createServer((asked, response) => {
    ddi.handle(asked, response).then(
      (answered) => answered || response.writeHead(200).end(`the file ${asked.url}`),
      () => response.destroy(),
    );
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;

  /** One request; a status of 0 is a connection that ended without an answer. */
  async function ask(method: string, path: string, { body, as = `TargetToken ${token}` }: Asked = {}) {
    const sent = request({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { authorization: as },
      agent: false,
    });
    sent.end(typeof body === 'string' ? body : body && JSON.stringify(body));
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    const [response] = await answered.catch(() => [undefined]);
    if (response === undefined) return { status: 0, text: '', json: undefined };
    let text = '';
    for await (const chunk of response) text += String(chunk);
    const json: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
    return { status: response.statusCode ?? 0, text, json };
  }

  return {
    ddi,
    notices,
    ask,
    url: (path: string) => `http://127.0.0.1:${port}${path}`,
    /** A poll's links: their names, and the addresses without the host. */
    async links() {
      const { json } = await ask('GET', '/DEFAULT/controller/v1/dev1');
      const { _links } = json as { _links: Record<string, { href: string }> };
      return Object.fromEntries(
        Object.entries(_links).map(([name, { href }]) => [
          name,
          href.replace(`http://localhost:${port}`, '').replace(`http://127.0.0.1:${port}`, ''),
        ]),
      );
    },
    async [Symbol.asyncDispose]() {
      http.closeAllConnections();
      await new Promise((done) => http.close(done));
    },
  };
}

interface Asked {
  body?: string | object;
  as?: string;
}

/** Feedback as clients POST it. */
export const told = (execution: string, finished: string, ...details: string[]) => ({
  id: '7',
  time: '20261128T122854',
  status: { execution, result: { finished }, details },
});
