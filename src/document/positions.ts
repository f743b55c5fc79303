import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Pair,
  type ParsedNode,
  visit,
} from 'yaml';

/** A place in a text; both count from 1, as editors do. */
export interface Position {
  line: number;
  column: number;
}

/** What a path of keys and indices leads to in a YAML document. */
export interface Found {
  /** Where to point the reader: the value, or the nearest thing that exists on the way to it. */
  position: Position;
  /** The scalar as it is written (`1.0`, not 1), where the path ends at a scalar. */
  source: string | undefined;
  /** False when the document has nothing at this path. */
  exists: boolean;
}

type Contents = Document.Parsed;

/** Follows a path, through aliases, as far as the document goes. */
export function findValue(document: Contents, lines: LineCounter, path: readonly PropertyKey[]): Found {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    const pair = step(document, node, part);
    if (pair === undefined) return { position: positionAt(lines, offset), source: undefined, exists: false };
    node = pair.value;
    offset = valueStart(document, node) ?? startOf(pair.key) ?? offset;
  }
  const value = resolve(document, node);
  const source = isScalar(value) ? (value.source ?? '') : undefined;
  return { position: positionAt(lines, offset), source, exists: true };
}

/** Where `key` itself is written in the mapping that `path` leads to. */
export function findKey(
  document: Contents,
  lines: LineCounter,
  path: readonly PropertyKey[],
  key: string,
): Position {
  let node: unknown = document.contents;
  for (const part of path) node = step(document, node, part)?.value;
  const offset = startOf(step(document, node, key)?.key);
  return offset === undefined ? findValue(document, lines, path).position : positionAt(lines, offset);
}

/** Line and column of an offset into the text. */
export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** Line and column of an offset into a text that was not parsed. */
export function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** The aliases that refer to no anchor before them, by offset. */
export function danglingAliases(document: Contents): { offset: number; name: string }[] {
  const found: { offset: number; name: string }[] = [];
  visit(document, {
    Alias(_, alias) {
      if (alias.resolve(document) === undefined)
        found.push({ offset: startOf(alias) ?? 0, name: alias.source });
    },
  });
  return found;
}

function step(
  document: Contents,
  node: unknown,
  part: PropertyKey,
): { key: unknown; value: unknown } | undefined {
  const collection = resolve(document, node);
  if (isMap(collection)) {
    const pair = collection.items.find((item: Pair) => keyText(item.key) === String(part));
    return pair === undefined ? undefined : { key: pair.key, value: pair.value };
  }
  if (isSeq(collection) && typeof part === 'number' && part < collection.items.length) {
    return { key: undefined, value: collection.items[part] };
  }
  return undefined;
}

function keyText(key: unknown): string {
  return isScalar(key) ? String(key.value) : '';
}

function resolve(document: Contents, node: unknown): unknown {
  return isAlias(node) ? node.resolve(document) : node;
}

/** An empty value has no text of its own: its key is the better place to point at. */
function valueStart(document: Contents, node: unknown): number | undefined {
  const value = resolve(document, node);
  if (isScalar(value) && value.source === '' && value.value === null) return undefined;
  return startOf(node);
}

function startOf(node: unknown): number | undefined {
  return (node as Node | ParsedNode | null | undefined)?.range?.[0];
}
