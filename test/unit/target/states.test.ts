import { expectTypeOf, it } from 'vitest';
import type { Booting, Broken, Off, Ready } from '../../../src/target/target.ts';

type Any = 'state' | 'cpuSeconds' | 'consolePath' | 'hearConsole' | 'starved' | typeof Symbol.asyncDispose;
type Powered = Any | 'cutPower';

// The type checker judges these, not the test run.
it('has each call only on the states that allow it', () => {
  expectTypeOf<keyof Off>().toEqualTypeOf<Any | 'powerOn'>();
  expectTypeOf<keyof Booting>().toEqualTypeOf<Powered | 'from' | 'untilReady' | 'untilKernel'>();
  expectTypeOf<keyof Broken>().toEqualTypeOf<Powered | 'failure' | 'resets'>();
  expectTypeOf<keyof Ready>().toEqualTypeOf<
    Powered | 'resets' | 'run' | 'interact' | 'readFile' | 'writeFile' | 'reboot' | 'ownReset' | 'shutdown'
  >();
});
