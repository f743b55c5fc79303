import { expect, it } from 'vitest';
import { Lease } from '../../../src/target/lease.ts';

it('refuses use after its end, and a second end', () => {
  const lease = new Lease();
  lease.use();
  lease.end('switched on');
  for (const again of [() => lease.use(), () => lease.end('switched on')])
    expect(again).toThrow(/target was switched on/);
});
