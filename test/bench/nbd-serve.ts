/** One overlay disk on an NBD server in a process of its own, so that its CPU time can be read: image, arena, socket. */
import { Arena } from '../../src/nbd/arena.ts';
import { FileDisk } from '../../src/nbd/file-disk.ts';
import { OverlayDisk } from '../../src/nbd/overlay-disk.ts';
import { startNbdServer } from '../../src/nbd/server.ts';
import { WriteLog } from '../../src/writelog/log.ts';

const [image = '', arenaPath = '', socketPath = ''] = process.argv.slice(2);
const base = await FileDisk.open(image);
const log = new WriteLog([{ id: 'vda', sectors: base.bytes / 512, cache: 'writeback' }]);
const disk = new OverlayDisk(base, await Arena.create(arenaPath), { log, disk: 0 });
const server = await startNbdServer({
  socketPath,
  exports: new Map([['vda', disk]]),
  onNotice: console.error,
});
process.once('SIGTERM', () => {
  void server[Symbol.asyncDispose]().then(() => process.exit(0));
});
