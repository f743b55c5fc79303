import {
  type PackageFile,
  type PackageFormat,
  type ScriptName,
  scriptNames,
} from '../package/package-format.ts';
import type { Complain, PackageChange, ScriptChange } from './recipe.ts';

/** What a new script begins with; the header of an rpm says apart who runs it. */
const beginnings: Record<PackageFormat, string> = { ipk: '#!/bin/sh\n', deb: '#!/bin/sh\n', rpm: '' };

/** The maintainer scripts that change. */
export function changedScripts(
  { format, scripts: old }: Pick<PackageFile, 'format' | 'scripts'>,
  { scripts }: PackageChange,
  complain: Complain,
): { changed: Map<ScriptName, Buffer | undefined>; what: string[] } {
  const changed = new Map<ScriptName, Buffer | undefined>();
  const what: string[] = [];
  for (const name of scriptNames[format]) {
    const change = scripts[name];
    if (change === undefined) continue;
    const result = changeScript(name, old.get(name), change, beginnings[format]);
    if ('problem' in result) complain(['scripts'], name, result.problem);
    else changed.set(name, result.content);
    what.push(
      `${name} ${change === 'removed' ? 'removed' : change.break === undefined ? 'changed' : 'fails'}`,
    );
  }
  return { changed, what };
}

/** A script after a change, undefined for none; or what is wrong. */
type Changed = { content: Buffer | undefined } | { problem: string };

/** Changes the text of a maintainer script, which is never run. */
function changeScript(
  name: string,
  old: string | undefined,
  change: ScriptChange,
  beginning: string,
): Changed {
  if (change === 'removed')
    return old === undefined ? { problem: `the package has no ${name}` } : { content: undefined };
  if (change.content !== undefined) return { content: Buffer.from(change.content) };
  // What is not UTF-8 was read as U+FFFD and could not be written back.
  if (old?.includes('\ufffd') === true)
    return { problem: `${name} is not UTF-8 text: it can only be removed or given a new content` };
  const text = old ?? beginning;
  if (change.append !== undefined) return { content: Buffer.from(`${ended(text)}${change.append}`) };
  const lines = text.split('\n');
  if (change.break !== undefined) {
    lines.splice(text.startsWith('#!') ? 1 : 0, 0, change.break);
    return { content: Buffer.from(ended(lines.join('\n'))) };
  }
  const at = lines.findIndex((line) => line.trim() === change.repair?.trim());
  if (at < 0) return { problem: `${name} has no line ${JSON.stringify(change.repair)} to be taken away` };
  lines.splice(at, 1);
  return { content: Buffer.from(lines.join('\n')) };
}

function ended(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
