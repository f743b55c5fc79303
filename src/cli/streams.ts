import type { TextOutput } from '../report/colour.ts';

/** Where the program reads its surroundings from and writes to; tests bring their own. */
export interface Streams {
  stdout: TextOutput;
  stderr: TextOutput;
  environment: NodeJS.ProcessEnv;
}

/** The process's own streams. A reader that went away (`| head`) ends the output, not the run. */
export function processStreams(): Streams {
  return { stdout: survivor(process.stdout), stderr: survivor(process.stderr), environment: process.env };
}

function survivor(stream: NodeJS.WriteStream): TextOutput {
  let gone = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    gone = true;
  });
  return {
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
    get rows() {
      return stream.rows;
    },
    write: (text) => (gone ? false : stream.write(text)),
  };
}
