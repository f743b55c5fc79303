import { FileStore } from './file-store.ts';
import type { SlotTraits } from './slot-guest.ts';

/** A start keeps the settings on a list until it has put them in their place; so comings-back write here and there. */
export const restores: NonNullable<SlotTraits['onStart']> = async ({ disks }, release) => {
  const data = disks.get('data');
  if (data === undefined || release === '1.0') return;
  const files = new FileStore(data);
  const list = '/var/restore';
  if ((await files.read('/var/done')) === undefined) {
    await files.replace(list, (await files.read('/etc/app.conf'))?.content ?? Buffer.alloc(0));
    await files.replace('/var/done', Buffer.from('1'));
  }
  const work = await files.read(list);
  if (work === undefined) return;
  await files.replace('/etc/app.conf', work.content);
  await files.remove(list);
  await files.flush();
};
