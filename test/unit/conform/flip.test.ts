import { expect, it } from 'vitest';
import { installParts } from '../../../src/conform/flip.ts';
import { withoutFlushes } from '../../../src/conform/without-flushes.ts';
import { durabilityAt } from '../../../src/writelog/durability.ts';
import { WriteLog } from '../../../src/writelog/log.ts';
import { windowMark, windowsOf } from '../../../src/writelog/windows.ts';

const slotSector = 100;

/** An installation that tells the boot loader (sector 0) that the slot is bad, writes it, and calls it good again. */
function recorded() {
  const log = new WriteLog([{ id: 'main', sectors: 1000, cache: 'writeback' }]);
  const done = (kind: 'write' | 'flush', sector = 0) =>
    log.complete(log.issue(0, kind, sector, kind === 'flush' ? 0 : 1, false, 0));
  log.mark(windowMark(0, 'install'));
  done('write', 0);
  done('flush');
  done('write', slotSector);
  done('write', slotSector + 1);
  done('flush');
  done('write', 0);
  log.mark(windowMark(0, 'first-boot'));
  done('flush');
  const [install, boot] = windowsOf(log);
  if (install === undefined || boot === undefined) throw new Error('the log has no installation');
  return { log, install, boot };
}

it('parts an installation in flip and writing, with nothing left and nothing twice', () => {
  const { log, install } = recorded();
  const { writing, flip } = installParts(log, install, ({ sector }) => sector === 0);
  expect(flip.map(({ from, to }) => [from, to])).toEqual([
    [1, 5],
    [11, install.to],
  ]);
  const all = [...writing, ...flip].sort((a, b) => a.from - b.from);
  expect(all.map(({ from }) => from)).toEqual([install.from, ...all.slice(0, -1).map(({ to }) => to)]);
  expect(all.at(-1)?.to).toBe(install.to);
});

it('takes all of it for writing where nobody sees the boot loader being told', () => {
  const { log, install } = recorded();
  expect(installParts(log, install, () => false)).toEqual({ writing: [install], flip: [] });
});

it('takes the flushes of an installation away, and those of nothing else', () => {
  const { log, install, boot } = recorded();
  const trace = { releases: ['1.0', '1.1'], name: 'p1', log, arenaPath: '', sha256: 'a', configuration: [] };
  const twin = withoutFlushes({ ...trace, odd: undefined }, install);
  const saved = (of: WriteLog, at: number) => durabilityAt(of, at).durable.length;
  expect([saved(log, install.to), saved(twin.log, install.to)]).toEqual([3, 0]);
  expect(saved(twin.log, boot.to)).toBe(4);
  expect(twin.sha256).not.toBe(trace.sha256);
});
