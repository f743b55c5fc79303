import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { Interruption } from '../../../src/cli/interruption.ts';

class FakeProcess extends EventEmitter {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

describe('Interruption', () => {
  it('aborts at the first signal and leaves at the second', () => {
    const source = new FakeProcess();
    const said: string[] = [];
    let now = 5000;
    using interruption = new Interruption(
      (message) => said.push(message),
      source,
      () => now,
    );
    expect(interruption.signal.aborted).toBe(false);
    source.emit('SIGINT', 'SIGINT');
    expect(interruption.signal.reason).toMatchObject({
      kind: 'harness',
      code: 'interrupted',
      message: 'interrupted by SIGINT',
    });
    expect(said).toHaveLength(1);
    expect(source.exits).toEqual([]);
    // npx and timeout(1) have one wish come twice.
    now += 20;
    source.emit('SIGINT', 'SIGINT');
    source.emit('SIGTERM', 'SIGTERM');
    expect(source.exits).toEqual([]);
    now += 2000;
    source.emit('SIGTERM', 'SIGTERM');
    expect(source.exits).toEqual([3]);
    expect(said).toHaveLength(1);
  });

  it('leaves no listener behind', () => {
    const source = new FakeProcess();
    new Interruption(() => undefined, source)[Symbol.dispose]();
    expect(source.eventNames()).toEqual([]);
  });
});
