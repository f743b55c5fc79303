import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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
