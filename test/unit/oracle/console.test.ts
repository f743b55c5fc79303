import { expect, it } from 'vitest';
import type { ConsoleSign, Severity } from '../../../src/guest/console-messages.ts';
import { judgeKernel, judgeTexts } from '../../../src/oracle/console.ts';

function said(severity: Severity, line: string, sign?: ConsoleSign, gaveUp = false) {
  return { severity, sign, line, gaveUp };
}

it.each([
  ['nothing', [], false, undefined],
  ['an oops', [said('fatal', 'Oops', 'oops')], false, 'kernel-oops'],
  ['a panic that it survived', [said('fatal', 'panic', 'panic')], false, 'kernel-panic'],
  ['a start-up that stopped', [said('fatal', 'emergency', 'emergency')], false, 'start-up-stopped'],
  ['a damaged file system', [said('file-system', 'EXT4-fs error')], false, 'file-system-error'],
  ['warnings', [said('warning', 'WARNING: CPU: 0 PID: 1')], false, undefined],
  ['damage before an oops', [said('file-system', 'x'), said('fatal', 'y', 'oops')], false, 'kernel-oops'],
  ['a boot given up where it may be', [said('fatal', 'panic', 'panic', true)], true, undefined],
  ['a boot given up where it may not', [said('fatal', 'panic', 'panic', true)], false, 'kernel-panic'],
  ['damage after falling back', [said('file-system', 'EXT4-fs error')], true, 'file-system-error'],
])('of %s', (_, lines, mayFallBack, code) => {
  const { result } = judgeKernel(lines, { mayFallBack });
  expect(result).toMatchObject(code === undefined ? { verdict: 'passed' } : { verdict: 'failed', code });
});

it('notes warnings, and what was said in boots that were given up as they may be', () => {
  const lines = [
    said('warning', 'WARNING: CPU: 0 PID: 1'),
    said('fatal', 'Kernel panic - not syncing', 'panic', true),
  ];
  expect(judgeKernel(lines, { mayFallBack: true }).notes).toEqual(lines.map(({ line }) => line));
});

it.each([
  ['is mounted since', new Set(['vda4']), 'passed'],
  ['is not mounted', new Set(['vda2']), 'failed'],
  ['nobody asked about', undefined, 'failed'],
])('a file system that a cut left so that it was not mounted, and that %s', (_, repaired, verdict) => {
  const line = 'JBD2: journal transaction 31 on vda4-8 is corrupt.';
  const one = { ...said('file-system', line), notMounted: 'vda4' };
  const judged = judgeKernel([one], { mayFallBack: true, repaired });
  expect(judged.result.verdict).toBe(verdict);
  expect(judged.notes).toEqual(verdict === 'passed' ? [line] : []);
});

it('other damage of a file system that was repaired counts', () => {
  const lines = [{ ...said('file-system', 'a'), notMounted: 'vda4' }, said('file-system', 'EXT4-fs error')];
  expect(judgeKernel(lines, { mayFallBack: true, repaired: new Set(['vda4']) })).toMatchObject({
    result: { verdict: 'failed', code: 'file-system-error' },
    notes: ['a'],
  });
});

it('asks for texts', () => {
  expect(judgeTexts(['slot A', 'login:'], ['login:', 'slot A'])).toMatchObject({ verdict: 'passed' });
  const lacking = judgeTexts(['slot A', 'login:'], ['login:']);
  expect(lacking).toMatchObject({ verdict: 'failed', code: 'console-text-missing' });
  expect(JSON.stringify(lacking)).toContain('slot A');
});
