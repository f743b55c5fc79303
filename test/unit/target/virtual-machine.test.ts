import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { processTag } from '../../../src/core/process-tag.ts';
import type { SshAccess } from '../../../src/model/image.ts';
import { VirtualMachine } from '../../../src/target/virtual-machine.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'brownout-vm-'));
});
afterEach(() => rm(folder, { recursive: true }));

const machineWith = (ssh: SshAccess) =>
  VirtualMachine.create({
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
  await using vm = await machineWith({ user: 'root', password: '' });
  expect(vm.access).toEqual({ user: 'root', password: '' });
  vm.keep(shown('first'));
  await vm.cutPower();
  expect(vm.access).toEqual({ user: 'root', password: '', hostKeySha256: 'first' });
});

it('the host key that the image names is the only one', async () => {
  await using vm = await machineWith({ user: 'root', privateKey: 'k', hostKeySha256: 'given' });
  expect(vm.access.hostKeySha256).toBe('given');
  vm.keep(shown('given'));
  expect(vm.access).toEqual({ user: 'root', privateKey: 'k', hostKeySha256: 'given' });
});

it('its sockets bear the process’s name, and those of a killed one go', async () => {
  const temporary = join(folder, 'tmp');
  const [place = ''] = processTag().split('-');
  await mkdir(join(temporary, `brownout-${place}-${2 ** 22 + 1}-aaaaaa`), { recursive: true });
  vi.stubEnv('TMPDIR', temporary);
  try {
    await using vm = await machineWith({ user: 'root', password: '' });
    expect(vm.consolePath).toBeUndefined();
    const names = await readdir(temporary);
    expect(names.map((name) => name.slice(0, -6))).toEqual([`brownout-${processTag()}-`]);
  } finally {
    vi.unstubAllEnvs();
  }
  expect(await readdir(temporary)).toEqual([]);
});
