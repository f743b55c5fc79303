import type { ContentEdit } from '../package-edit.ts';
import type { ScriptName } from '../package-format.ts';
import { fromElements, type HeaderEntry, valueTypes } from './header.ts';
import { type RpmLabels, type RpmRelation, relationKinds } from './labels.ts';
import type { RpmCompression } from './rpm-file.ts';
import { scriptTags, sense } from './tags.ts';

const shell = '/bin/sh';

/** The tags of a script, undefined for one that is no rpm's. */
function tagsOfScript(name: ScriptName) {
  return name in scriptTags ? scriptTags[name as keyof typeof scriptTags] : undefined;
}

/** Puts scriptlets into a header. One that had a text keeps its interpreter; others are the shell's. */
export function putScripts(
  header: Map<number, HeaderEntry>,
  scripts: NonNullable<ContentEdit['scripts']>,
): void {
  for (const [name, content] of scripts) {
    const numbers = tagsOfScript(name);
    if (numbers === undefined) continue;
    const { text, program, flags } = numbers;
    const hadText = header.has(text);
    if (content === undefined || !hadText) for (const tag of [text, program, flags]) header.delete(tag);
    if (content === undefined) continue;
    header.set(text, fromElements(valueTypes.string, [content]));
    if (!header.has(program)) header.set(program, fromElements(valueTypes.string, [Buffer.from(shell)]));
  }
}

/** What of a package makes it need features of rpm and of the system. */
interface Features {
  hasFiles: boolean;
  compression: RpmCompression;
  /** New scriptlets, which are the shell's. */
  newScripts: readonly ScriptName[];
}

/** Labels that also require what rpmbuild would require (rpm 4.18, build/files.c, build/pack.c, build/parseScript.c). */
export function withFeatures(labels: RpmLabels, { hasFiles, compression, newScripts }: Features): RpmLabels {
  const versions = [
    labels.version,
    labels.release,
    ...relationKinds.flatMap((kind) => labels.relations[kind].map(({ version }) => version)),
  ];
  const isRich = relationKinds.some((kind) =>
    labels.relations[kind].some(({ name }) => name.startsWith('(')),
  );
  const has = (character: string) => versions.some((version) => version.includes(character));
  const features: [isUsed: boolean, name: string, since: string][] = [
    [hasFiles, 'CompressedFileNames', '3.0.4-1'],
    [hasFiles, 'FileDigests', '4.6.0-1'],
    [hasFiles, 'PayloadFilesHavePrefix', '4.0-1'],
    [hasFiles && compression === 'xz', 'PayloadIsXz', '5.2-1'],
    [hasFiles && compression === 'zst', 'PayloadIsZstd', '5.4.18-1'],
    [isRich, 'RichDependencies', '4.12.0-1'],
    [has('~'), 'TildeInVersions', '4.10.0-1'],
    [has('^'), 'CaretInVersions', '4.15.0-1'],
  ];
  const needed: RpmRelation[] = [
    ...features
      .filter(([isUsed]) => isUsed)
      .map(([, name, version]) => ({
        name: `rpmlib(${name})`,
        flags: sense.rpmlib | sense.less | sense.equal,
        version,
      })),
    ...newScripts.map((name) => ({
      name: shell,
      flags: sense.interpreter | (tagsOfScript(name)?.need ?? 0),
      version: '',
    })),
  ];
  const there = labels.relations.requires;
  const missing = needed.filter(
    ({ name, flags }) =>
      !there.some((one) => one.name === name && (name !== shell || (one.flags & flags) === flags)),
  );
  if (missing.length === 0) return labels;
  return { ...labels, relations: { ...labels.relations, requires: [...there, ...missing] } };
}
