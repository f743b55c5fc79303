import { expect, it } from 'vitest';
import { joinOptions } from '../../../src/qemu/options.ts';
import { userNetwork } from '../../../src/qemu/user-network.ts';

it('a guest reaches the ports that are served to it and no other address, at the address that it knows', () => {
  const parts = userNetwork({ sshPort: 2222, reach: [20_001, 20_002] });
  expect(parts.map(([key]) => key)).toEqual(['restrict', 'host', 'guestfwd', 'guestfwd', 'hostfwd']);
  expect(parts).toContainEqual(['restrict', 'on']);
  const forwards = parts.flatMap(([key, value]) => (key === 'guestfwd' ? [value] : []));
  expect(forwards[0]).toMatch(/^tcp:10\.0\.2\.2:20001-cmd:perl -e '[^']+' 20001$/);
  expect(forwards[1]).toMatch(/^tcp:10\.0\.2\.2:20002-cmd:perl -e '[^']+' 20002$/);
});

it('a guest of an open network is behind nothing but address translation', () => {
  const network = joinOptions(userNetwork({ sshPort: 2222, reach: 'open' }));
  expect(network).toBe('hostfwd=tcp:127.0.0.1:2222-:22');
});
