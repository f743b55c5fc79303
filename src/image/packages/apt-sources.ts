import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where Debian's packages come from: base addresses without the suite. */
export interface DebianMirror {
  main: string;
  /** Address of the security archive. */
  security: string;
}

interface Source {
  uri: string;
  components: string[];
}

const archiveName = /(?:^|\/)debian(-security)?(?:\.list|\/\d{8}T\d{6}Z)?\/*$/;

/** Debian's own address (debian.org, "Debian mirrors"), for hosts of another distribution. */
const debianItself = 'http://deb.debian.org/debian';

/**
 * The mirror to use: BROWNOUT_DEBIAN_MIRROR (the address of `debian`, its neighbour `debian-security` is taken for
 * security), else what /etc/apt of this host names for Debian, else Debian's own.
 */
export async function findMirror(
  environment: NodeJS.ProcessEnv = process.env,
  etc = '/etc/apt',
): Promise<DebianMirror> {
  const own = environment['BROWNOUT_DEBIAN_MIRROR'];
  if (own !== undefined && own !== '') return mirrorAt(own);
  return mirrorOf(await readSources(etc)) ?? mirrorAt(debianItself);
}

/** Picks Debian's own archive and its security archive among sources; undefined without the former. */
export function mirrorOf(sources: readonly Source[]): DebianMirror | undefined {
  const debian = sources.filter(
    ({ uri, components }) => archiveName.test(uri) && components.includes('main'),
  );
  const main = debian.find(({ uri }) => archiveName.exec(uri)?.[1] === undefined);
  const security = debian.find(({ uri }) => archiveName.exec(uri)?.[1] !== undefined);
  if (main === undefined) return undefined;
  return { main: main.uri, security: security?.uri ?? mirrorAt(main.uri).security };
}

function mirrorAt(uri: string): DebianMirror {
  const main = uri.replace(/\/+$/, '');
  return { main, security: main.replace(/debian(?=(?:\/\d{8}T\d{6}Z)?$|\.list$)/, 'debian-security') };
}

async function readSources(etc: string): Promise<Source[]> {
  const parts = await readdir(join(etc, 'sources.list.d')).catch(() => []);
  const files = [join(etc, 'sources.list'), ...parts.sort().map((name) => join(etc, 'sources.list.d', name))];
  const sources: Source[] = [];
  for (const file of files) {
    if (!/\.(list|sources)$/.test(file)) continue;
    const text = await readFile(file, 'utf8').catch(() => '');
    sources.push(...(file.endsWith('.sources') ? parseStanzas(text) : parseLines(text)));
  }
  return sources;
}

/** One-line format (sources.list(5)): `deb [options] uri suite component…`. */
export function parseLines(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+\S+\s+([^#]*)/.exec(line);
    return found === null ? [] : [{ uri: found[1] ?? '', components: (found[2] ?? '').trim().split(/\s+/) }];
  });
}

/** deb822 format (sources.list(5)): stanzas of fields, values continued on indented lines. */
export function parseStanzas(text: string): Source[] {
  const bare = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n');
  return bare.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = parseFields(stanza);
    const words = (name: string) => (fields.get(name) ?? '').split(/\s+/).filter((word) => word !== '');
    if (!words('types').includes('deb') || words('enabled')[0]?.toLowerCase() === 'no') return [];
    return words('uris').map((uri) => ({ uri, components: words('components') }));
  });
}

/** Fields of one deb822 stanza, names in lower case. */
export function parseFields(stanza: string): Map<string, string> {
  const fields = new Map<string, string>();
  let name = '';
  for (const line of stanza.split('\n')) {
    const found = /^([\w-]+):\s*(.*)$/.exec(line);
    if (found !== null) {
      name = (found[1] ?? '').toLowerCase();
      fields.set(name, found[2] ?? '');
    } else if (/^\s/.test(line) && name !== '') {
      fields.set(name, `${fields.get(name) ?? ''}\n${line.trim()}`);
    }
  }
  return fields;
}
