import { sha256 } from '../core/digest.ts';
import { idString } from './id-string.ts';
import type { SystemPackage, SystemSbom } from './system-sbom.ts';

/** What a document says of itself. */
export interface DocumentFacts {
  /** `2026-11-21T10:54:00Z` */
  created: string;
  /** This program and its version: `brownout-0.1.0`. */
  tool: string;
}

/** The id of a system's own package, and of its document, in both versions of SPDX. */
export const systemId = 'SPDXRef-System';
export const documentId = 'SPDXRef-DOCUMENT';

/**
 * The namespace of a document: SPDX's for those that are published nowhere (SPDX 2.3, clause 6.5), a name and a digest
 * of all that the document says, so that equal documents have equal names, and others never.
 */
export function namespaceOf(sbom: SystemSbom, facts: DocumentFacts, version: string): string {
  const digest = sha256(JSON.stringify([version, facts, sbom])).slice(0, 32);
  return `https://spdx.org/spdxdocs/${idString(sbom.name)}-${digest}`;
}

/** Each package with an id of its own within the document. */
export function withIds(packages: readonly SystemPackage[]): [id: string, one: SystemPackage][] {
  const taken = new Set<string>();
  return packages.map((one) => {
    const { name, version, architecture } = one.installed;
    const plain = `SPDXRef-Package-${idString(`${name}-${version}-${architecture}`)}`;
    let id = plain;
    for (let i = 2; taken.has(id); i += 1) id = `${plain}-${i}`;
    taken.add(id);
    return [id, one];
  });
}
