import { Deadline } from '../../../src/core/deadline.ts';

export const limits = () => ({ deadline: Deadline.after(1000), signal: new AbortController().signal });

/** A device that answers each command from a table and remembers what it was asked. */
export function device(answers: Record<string, { exitCode?: number; stdout?: string; stderr?: string }>) {
  const asked: string[] = [];
  const run = (command: string) => {
    asked.push(command);
    return Promise.resolve({ exitCode: 0, stdout: '', stderr: '', truncated: false, ...answers[command] });
  };
  return { asked, ready: { run } };
}
