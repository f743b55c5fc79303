import { EventEmitter } from 'node:events';
import type { Surroundings } from '../../../src/cli/command.ts';
import { Interruption } from '../../../src/cli/interruption.ts';

const nowhere = { write: () => undefined };

/** For a program of which no command is run. */
export const inert: Surroundings = {
  streams: { stdout: nowhere, stderr: nowhere, environment: {} },
  interruption: new Interruption(
    () => undefined,
    Object.assign(new EventEmitter(), { exit: () => undefined }),
  ),
};
