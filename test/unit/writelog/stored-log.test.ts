import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadLog, storeLog } from '../../../src/writelog/stored-log.ts';
import { arbitraryLog } from './arbitrary-log.ts';

describe('storeLog and loadLog', () => {
  it('give back the same log', () => {
    fc.assert(
      fc.property(arbitraryLog, (log) => {
        log.mark('0/install');
        const again = loadLog(storeLog(log));
        expect(again.records).toEqual(log.records);
        expect(again.marks).toEqual(log.marks);
        expect(again.disks).toEqual(log.disks);
        expect(again.now).toBe(log.now);
      }),
    );
  });

  it('refuses a format that it does not know', () => {
    expect(() => loadLog('{"format":2}')).toThrow('format 2');
  });
});
