import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type IncomingMessage, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type FeedFault, isIndex } from '../../../src/feed/faults.ts';
import { findFeeds } from '../../../src/feed/find-feeds.ts';
import { serveFolder } from '../../../src/feed/http-server.ts';
import { writeIndexes } from '../../../src/feed/index-feed.ts';
import { smallPackageFile } from '../package/small-package.ts';

let top = '';
const feed = (release: string) => join(top, release);

/** Two releases of a feed: `a` is in both, and its file is called differently. */
beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), 'brownout-faults-'));
  for (const release of ['1.0', '2.0']) {
    for (const folder of ['all', 'tune']) {
      await mkdir(join(feed(release), folder), { recursive: true });
      await writeFile(join(feed(release), folder, `a_${release}.ipk`), await smallPackageFile('a', release));
    }
    await writeIndexes(feed(release), await findFeeds(feed(release), 'ipk'), 'ipk');
  }
});
afterAll(() => rm(top, { recursive: true }));

interface Answer {
  status: number | undefined;
  range: string | undefined;
  announced: number;
  body: Buffer;
  /** Whether all that was announced came. */
  whole: boolean;
}

async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const sent = request({ port, host: '127.0.0.1', path, method, headers, agent: false });
  sent.end();
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('error', () => undefined);
  await new Promise((done) => response.once('close', done)); // `once` would throw what is expected here
  return {
    status: response.statusCode,
    range: response.headers['content-range'],
    announced: Number(response.headers['content-length']),
    body: Buffer.concat(chunks),
    whole: response.complete,
  };
}

/** What a client gets of these paths, asked for one after the other. */
async function get(faults: readonly FeedFault[], ...paths: string[]): Promise<Answer[]> {
  const notices: string[] = [];
  await using server = await serveFolder({
    root: feed('1.0'),
    onNotice: (notice) => notices.push(notice),
    onFault: (fault) => expect.unreachable(fault),
  });
  server.misbehave(faults);
  const answers: Answer[] = [];
  for (const path of paths) answers.push(await ask(server.port, path));
  expect(notices).toHaveLength(paths.length);
  return answers;
}

const statuses = async (faults: readonly FeedFault[], ...paths: string[]) =>
  (await get(faults, ...paths)).map(({ status }) => status);
const file = 'a_1.0.ipk';

it('tells the indexes of each package system from packages', () => {
  const indexes = [
    'all/Packages',
    'all/Packages.gz',
    'InRelease',
    'Release.gpg',
    'repodata/repomd.xml',
    '/a/repodata/x',
  ];
  expect(indexes.filter((path) => !isIndex(path))).toEqual([]);
  expect(['all/a_1.0.ipk', 'Packages/a.deb', 'repodata/a/a.rpm', 'repodata'].filter(isIndex)).toEqual([]);
});

describe('a feed with faults', () => {
  it('without faults is the folder', async () => {
    const [answer] = await get([], `/all/${file}`);
    expect(answer?.body.equals(await smallPackageFile('a', '1.0'))).toBe(true);
  });

  it('lacks its indexes', async () => {
    const paths = ['/all/Packages.gz', '/all/Packages', '/tune/Packages.gz', `/all/${file}`];
    expect(await statuses([{ kind: 'index-missing' }], ...paths)).toEqual([404, 404, 404, 200]);
    expect(await statuses([{ kind: 'index-missing', feed: 'all' }], ...paths)).toEqual([404, 404, 200, 200]);
    expect(await statuses([{ kind: 'index-missing', times: 1 }], ...paths)).toEqual([404, 200, 200, 200]);
  });

  it('has a package that was cut short', async () => {
    const whole = await smallPackageFile('a', '1.0');
    for (const bytes of [0, 1, 300, whole.length, 1_000_000]) {
      const [cut, other] = await get(
        [{ kind: 'truncated', file: `all/${file}`, bytes }],
        `/all/${file}`,
        `/tune/${file}`,
      );
      const length = Math.min(bytes, whole.length);
      expect(cut).toMatchObject({ status: 200, announced: length, whole: true });
      expect(cut?.body.equals(whole.subarray(0, length))).toBe(true);
      expect(other?.body.equals(whole)).toBe(true);
    }
  });

  it('has a package that no checksum fits', async () => {
    const whole = await smallPackageFile('a', '1.0');
    const [answer, after] = await get(
      [{ kind: 'corrupted', file, times: 1 }],
      `/all/${file}`,
      `/all/${file}`,
    );
    const differing = [...whole.keys()].filter((at) => whole[at] !== answer?.body[at]);
    expect(answer).toMatchObject({ announced: whole.length, whole: true });
    expect(differing).toEqual([Math.floor(whole.length / 2)]);
    expect(after?.body.equals(whole)).toBe(true);
  });

  it('drops the connection at a byte, and the second try goes well', async () => {
    const whole = await smallPackageFile('a', '1.0');
    for (const afterBytes of [0, 1, whole.length - 1]) {
      const fault: FeedFault = { kind: 'dropped', file, afterBytes, times: 1 };
      const [dropped, again] = await get([fault], `/all/${file}`, `/all/${file}`);
      expect(dropped).toMatchObject({ status: 200, announced: whole.length, whole: false });
      expect(dropped?.body.equals(whole.subarray(0, afterBytes))).toBe(true);
      expect(again).toMatchObject({ announced: whole.length, whole: true });
    }
  });

  it('drops large files at the byte too', async () => {
    const big = Buffer.alloc(3_000_000, 'brownout');
    await writeFile(join(feed('1.0'), 'big.ipk'), big);
    const [dropped] = await get([{ kind: 'dropped', file: 'big.ipk', afterBytes: 2_000_001 }], '/big.ipk');
    expect(dropped?.body.equals(big.subarray(0, 2_000_001))).toBe(true);
    expect(dropped?.whole).toBe(false);
    await rm(join(feed('1.0'), 'big.ipk'));
  });

  it.each([
    ['packages', '2.0', [404, 200]],
    ['index', '1.0', [200, 404]],
  ] as const)(
    'is half the next release: the %s still those of the one before',
    async (still, version, found) => {
      await using server = await serveFolder({ root: top, onNotice: () => undefined });
      using faults = server.misbehave([{ kind: 'half-published', release: '2.0', before: '1.0', still }]);
      const index = await ask(server.port, '/2.0/all/Packages');
      expect(index.body.toString()).toContain(`Version: ${version}\n`);
      const statuses = [];
      for (const name of ['a_2.0.ipk', file])
        statuses.push((await ask(server.port, `/2.0/all/${name}`)).status);
      expect(statuses).toEqual(found);
      expect(faults.met).toBe(still === 'index' ? 1 : 2);
      expect((await ask(server.port, '/1.0/all/a_2.0.ipk')).status).toBe(404);
    },
  );

  it('meets each request with the first fault that is not over', async () => {
    const faults: FeedFault[] = [
      { kind: 'index-missing', times: 1 },
      { kind: 'dropped', file: 'Packages', afterBytes: 3, times: 1 },
    ];
    const answers = await get(faults, '/all/Packages', '/all/Packages', '/all/Packages');
    expect(answers.map(({ status, whole }) => [status, whole])).toEqual([
      [404, true],
      [200, false],
      [200, true],
    ]);
  });

  it('answers HEAD with the size that GET would announce', async () => {
    const faults: FeedFault[] = [{ kind: 'truncated', file, bytes: 7 }];
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    server.misbehave(faults);
    expect(await ask(server.port, `/all/${file}`, { method: 'HEAD' })).toMatchObject({
      announced: 7,
      body: Buffer.alloc(0),
    });
  });

  it('lacks a file', async () => {
    expect(await statuses([{ kind: 'missing', file }], `/all/${file}`, '/all/Packages')).toEqual([404, 200]);
  });
});

describe('a faulty file in parts', () => {
  const path = `/all/${file}`;
  const parts = async (fault: FeedFault, ...ranges: string[]) => {
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    using trouble = server.misbehave([fault]);
    const answers = [];
    for (const range of ranges) {
      const answer = await ask(server.port, path, { headers: { range } });
      answers.push({ ...answer, met: trouble.met });
    }
    return answers;
  };

  it('is the beginning of the file where it is cut short', async () => {
    const whole = await smallPackageFile('a', '1.0');
    const ranges = ['bytes=90-', 'bytes=10-19', 'bytes=-5', 'bytes=100-', 'bytes=5-4', 'bytes=0-1,5-6'];
    const answers = await parts({ kind: 'truncated', file, bytes: 100 }, ...ranges);
    expect(answers.map(({ status, range, met }) => [status, range, met])).toEqual([
      [206, 'bytes 90-99/100', 1],
      [206, 'bytes 10-19/100', 2],
      [206, 'bytes 95-99/100', 3],
      [416, 'bytes */100', 4],
      [200, undefined, 5],
      [200, undefined, 6],
    ]);
    const expected = [
      [90, 100],
      [10, 20],
      [95, 100],
      [0, 0],
      [0, 100],
      [0, 100],
    ] as const;
    for (const [i, [from, to]] of expected.entries())
      expect(answers[i]?.body.equals(whole.subarray(from, to))).toBe(true);
  });

  it('has its wrong byte in the part that it is in, and is met there only', async () => {
    const whole = await smallPackageFile('a', '1.0');
    const ranges = ['bytes=0-99', 'bytes=101-', 'bytes=100-100'];
    const answers = await parts({ kind: 'corrupted', file, at: 100 }, ...ranges);
    expect(answers.map(({ status, met }) => [status, met])).toEqual([
      [206, 0],
      [206, 0],
      [206, 1],
    ]);
    expect(answers[1]?.body.equals(whole.subarray(101))).toBe(true);
    expect(answers[2]?.body).toEqual(Buffer.from([(whole[100] ?? 0) ^ 0xff]));
  });

  it('comes up to the byte where the connection is lost, if it has that byte', async () => {
    const whole = await smallPackageFile('a', '1.0');
    const ranges = ['bytes=0-99', 'bytes=50-149', 'bytes=100-', 'bytes=200-'];
    const answers = await parts({ kind: 'dropped', file, afterBytes: 100 }, ...ranges);
    expect(answers.map(({ whole, body, met }) => [whole, body.length, met])).toEqual([
      [true, 100, 0],
      [false, 50, 1],
      [false, 0, 2],
      [true, whole.length - 200, 2],
    ]);
    expect(answers[1]?.body.equals(whole.subarray(50, 100))).toBe(true);
  });

  it('comes to a standstill at the byte, and the connection stays', async () => {
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    using force = server.misbehave([{ kind: 'stalled', file, afterBytes: 100 }]);
    const sent = request({ port: server.port, host: '127.0.0.1', path, agent: false });
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let had = 0;
    let closed = false;
    response.on('data', (chunk: Buffer) => {
      had += chunk.length;
    });
    response.on('close', () => {
      closed = true;
    });
    await vi.waitFor(() => expect([had, force.met]).toEqual([100, 1]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([had, closed]).toEqual([100, false]);
    sent.destroy();
  });

  it('comes slowly from the byte on, until nobody listens any more', async () => {
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    using force = server.misbehave([{ kind: 'slow', file, afterBytes: 100, bytesPerSecond: 200 }]);
    const sent = request({ port: server.port, host: '127.0.0.1', path, agent: false });
    const started = performance.now();
    sent.end();
    const [response] = (await once(sent, 'response')) as [IncomingMessage];
    let had = 0;
    response.on('data', (chunk: Buffer) => {
      had += chunk.length;
    });
    await vi.waitFor(() => expect(had).toBeGreaterThanOrEqual(100));
    await vi.waitFor(() => expect([had >= 140, force.met]).toEqual([true, 1]));
    expect(performance.now() - started).toBeGreaterThan(90);
    const [before] = [had];
    sent.destroy();
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(had).toBeLessThanOrEqual(before + 20);
  });

  it('is another file once the connection was lost at the byte, and not before', async () => {
    const [one, other] = [await smallPackageFile('a', '1.0'), Buffer.alloc(5000, 'other')];
    await writeFile(join(feed('1.0'), 'other.ipk'), other);
    const fault: FeedFault = { kind: 'changed', file, afterBytes: 100, other: '/other.ipk' };
    const ranges = ['bytes=0-99', 'bytes=50-149', 'bytes=150-159'];
    const answers = await parts(fault, ...ranges);
    expect(answers.map(({ whole, met }) => [whole, met])).toEqual([
      [true, 0],
      [false, 1],
      [true, 1],
    ]);
    expect(answers[0]?.body.equals(one.subarray(0, 100))).toBe(true);
    expect(answers[2]?.body.equals(other.subarray(150, 160))).toBe(true);
    await rm(join(feed('1.0'), 'other.ipk'));
  });

  it('is sent whole to a client that asks for the rest of another file', async () => {
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    server.misbehave([{ kind: 'truncated', file, bytes: 100 }]);
    const headers = { range: 'bytes=50-', 'if-range': 'Sat, 31 Jan 2026 12:00:05 GMT' };
    expect(await ask(server.port, path, { headers })).toMatchObject({ status: 200, announced: 100 });
  });
});

describe('faults in force', () => {
  it('are lifted, and others take their place', async () => {
    await using server = await serveFolder({ root: feed('1.0'), onNotice: () => undefined });
    const status = async () => (await ask(server.port, `/all/${file}`)).status;
    const first = server.misbehave([{ kind: 'missing', file }]);
    expect([await status(), first.met]).toEqual([404, 1]);
    const second = server.misbehave([]);
    expect([await status(), first.met, second.met]).toEqual([200, 1, 0]);
    const third = server.misbehave([{ kind: 'missing', file }]);
    first[Symbol.dispose]();
    expect(await status()).toBe(404);
    third[Symbol.dispose]();
    expect([await status(), third.met]).toEqual([200, 1]);
  });
});
