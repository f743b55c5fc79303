/** What leaves where the program was called in a folder that there is no more; the process, or a test's stand-in. */
interface Caller {
  cwd(): string;
  stderr: { write(text: string): unknown };
  exit(code: number): void;
}

/** The harness's exit code (exit-code.ts). This file imports nothing: it is what runs before anything else is loaded. */
const harness = 3;

/** Ends a process whose current folder somebody has removed, in which Node.js itself stops with the exit code of a failed device. */
export function assertWorkingFolder(caller: Caller = process): void {
  try {
    caller.cwd();
  } catch {
    caller.stderr.write(
      'error: the current folder is not there any more\nhint: go to another one, or to where it is again: cd .\n',
    );
    caller.exit(harness);
  }
}
