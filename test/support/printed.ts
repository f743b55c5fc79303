import { runCli } from '../../src/cli/program.ts';

/** What a command line came to in this process, with these variables alone: its exit code, and what it printed. */
export async function printed(
  args: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  const code = await runCli(args, {
    stdout: { write: (more) => (text.out += more) },
    stderr: { write: (more) => (text.err += more) },
    environment,
  });
  return { code, ...text };
}
