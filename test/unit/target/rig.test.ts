import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { SshAccess } from '../../../src/model/image.ts';
import { Rig } from '../../../src/target/rig.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-rig-'));
});
afterEach(() => rm(folder, { recursive: true }));

const rigWith = (ssh: SshAccess) =>
  Rig.create({
    manifest: { ssh, boot: { kind: 'builtin' }, qemu: {} },
    machine: 'qemux86-64',
    disks: [],
    folder,
    consoleLog: (n) => join(folder, `${n}.log`),
    accelerator: 'tcg',
    signal: new AbortController().signal,
    onNotice: () => undefined,
  });
const shown = (hostKeySha256: string) => ({ hostKeySha256, close: () => undefined });

it('a device must keep showing the host key that it showed first', async () => {
  await using rig = await rigWith({ user: 'root', password: '' });
  expect(rig.access).toEqual({ user: 'root', password: '' });
  rig.keep(shown('first'));
  await rig.cutPower();
  expect(rig.access).toEqual({ user: 'root', password: '', hostKeySha256: 'first' });
});

it('the host key that the image names is the only one', async () => {
  await using rig = await rigWith({ user: 'root', privateKey: 'k', hostKeySha256: 'given' });
  expect(rig.access.hostKeySha256).toBe('given');
  rig.keep(shown('given'));
  expect(rig.access).toEqual({ user: 'root', privateKey: 'k', hostKeySha256: 'given' });
});
