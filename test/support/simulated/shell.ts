import type { CommandOutput } from '../../../src/core/ask.ts';
import type { Fence } from '../../../src/core/fence.ts';
import { copySuffixes } from '../../../src/oracle/copy-suffixes.ts';
import type { FileStore } from './file-store.ts';

/** What a shell works with. */
export interface ShellWorld {
  files: FileStore;
  commandLine: string;
  version: string;
}

/** A command that a shell knows: what it looks like, and what it does. */
export type Known = [
  pattern: RegExp,
  answer: (match: RegExpExecArray, input: string) => Promise<CommandOutput> | CommandOutput,
];

/** What a command prints when all is well. */
export function prints(stdout: string): CommandOutput {
  return { exitCode: 0, stdout, stderr: '', truncated: false };
}

/** How a command fails. */
export function fails(exitCode: number, stderr: string): CommandOutput {
  return { exitCode, stdout: '', stderr, truncated: false };
}

/** What a login shell that greets says where it is given a fenced command. */
export function answerWithin(
  { command, stdout, stderr }: Fence,
  answer: CommandOutput,
  greeting: string,
): void {
  const marks = [...command.matchAll(/echo (brownout-)''(\S+)/g)].map(
    ([, one = '', other = '']) => one + other,
  );
  const [before = '', beforeOut = '', after = ''] = marks;
  const say = (mark: string, text: string) =>
    Buffer.from(`${greeting}\n${mark}\n${text}\n${after} ${answer.exitCode}\n${greeting}`);
  stdout.push(say(beforeOut, answer.stdout));
  stderr.push(say(before, answer.stderr));
}

/** Answers by the first pattern that fits; a command that nobody knows ends with 127, as in a shell. */
export async function answer(
  known: readonly Known[],
  command: string,
  input: string,
): Promise<CommandOutput> {
  for (const [pattern, work] of known) {
    const match = pattern.exec(command);
    if (match !== null) return await work(match, input);
  }
  return fails(127, `sh: ${command.split('\n')[0] ?? ''}: not found`);
}

/** What brownout asks of every device: its files, the owner's changes, and simple checks. */
export function commonCommands({ files, commandLine, version }: ShellWorld): Known[] {
  const path = `'([^']+)'`;
  const put = async (name: string, content: string, access?: string) => {
    await files.replace(name, Buffer.from(content), {
      flush: false,
      ...(access === undefined ? {} : { access }),
    });
    return prints('');
  };
  const text = async (name: string) => (await files.read(name))?.content.toString() ?? '';
  return [
    [
      /^tr -d '\\n' < \/proc\/cmdline; echo\n/,
      async ({ input }) => {
        const asked = [...input.matchAll(/^show '([^']+)' \w+$/gm)].map(([, name = '']) => name);
        const shown: string[] = [];
        for (const name of asked) shown.push(...(await showFile(files, name)));
        return prints(`${[commandLine, 'nothing', version, ...shown].join('\n')}\n`);
      },
    ],
    [/^sync && sync$/, async () => files.flush().then(() => prints(''))],
    [
      new RegExp(`^mkdir -p \\S+ && cat > ${path}(?: && chmod (\\d+) .*)?$`),
      ([, name = '', mode], content) => put(name, content, mode === undefined ? undefined : `${mode} 0:0`),
    ],
    [
      new RegExp(`^mkdir -p \\S+ && rm -f -- \\S+ && ln -s -- ${path} ${path}$`),
      async ([, to = '', name = '']) => {
        await files.replace(name, Buffer.from(to), { flush: false, access: '777 0:0', link: true });
        return prints('');
      },
    ],
    [new RegExp(`^cat > ${path}$`), ([, name = ''], content) => put(name, content)],
    [new RegExp(`^cat >> ${path}$`), async ([, name = ''], more) => put(name, (await text(name)) + more)],
    [new RegExp(`^cat ${path}$`), async ([, name = '']) => prints(await text(name))],
    [
      new RegExp(`^chmod (\\d+) ${path}$`),
      async ([, mode = '', name = '']) => files.chmod(name, mode).then(() => prints('')),
    ],
    [
      new RegExp(`^rm -- ${path}$`),
      async ([, name = '']) =>
        (await files.remove(name)) ? prints('') : fails(1, `rm: can't remove '${name}': No such file`),
    ],
    [/^(?:export ALLOWED_RELEASES=.*\n)?echo (.*)$/, ([, said = '']) => prints(`${said}\n`)],
    [/^(?:export ALLOWED_RELEASES=.*\n)?exit (\d+)$/, ([, code]) => fails(Number(code), 'as it was asked')],
  ];
}

/** As `showFiles` of src/device/file-answers.ts has it. */
async function showFile(files: FileStore, path: string): Promise<string[]> {
  const hex = (content: Buffer) => content.toString('hex');
  const file = await files.read(path);
  const kind = file?.link === true ? 'link' : 'file';
  const lines = file === undefined ? ['absent', ''] : [`${kind} ${file.access}`, hex(file.content)];
  const there = await files.paths();
  for (const suffix of copySuffixes.filter((one) => there.includes(`${path}${one}`)))
    lines.push(`copy ${suffix}`, hex((await files.read(`${path}${suffix}`))?.content ?? Buffer.alloc(0)));
  return [...lines, '.'];
}
