import type { Checksum } from './checksum.ts';
import type { Licence } from './licence.ts';
import type { VexStatement } from './vex.ts';

/** An SPDX document that somebody else wrote. */
export interface ImageDocument {
  name: string;
  /** Its namespace (SPDX 2), or the id of its SpdxDocument (SPDX 3). */
  iri: string;
  major: 2 | 3;
  /** Of the file, hex; undefined where the file is not at hand. */
  sha1: string | undefined;
}

/** An element of such a document. */
export interface ImageElement {
  document: ImageDocument;
  /** `SPDXRef-...` in SPDX 2, an IRI in SPDX 3. */
  id: string;
}

/** Who a package comes from. */
export interface Supplier {
  kind: 'Organization' | 'Person';
  name: string;
}

/** What a document says of a package besides its name. */
export interface Description {
  declared?: Licence;
  concluded?: Licence;
  supplier?: Supplier;
  homepage?: string;
  summary?: string;
  copyright?: string;
  checksums: readonly Checksum[];
  /** CPE 2.3 names. */
  cpes: readonly string[];
  /** What is said of vulnerabilities. */
  vex?: readonly VexStatement[];
}

/** A package as the image's document describes it. */
export interface ImagePackage extends Description {
  name: string;
  /** OpenEmbedded writes PV here, without epoch and revision. */
  version?: string;
  element: ImageElement;
}

/** What an image's SPDX says is installed in it. */
export interface ImageSbom {
  /** Of the image: `core-image-minimal`. */
  name: string;
  document: ImageDocument;
  packages: readonly ImagePackage[];
}

/** CPE 2.3 names among texts. */
export function cpesOf(texts: readonly string[]): string[] {
  return texts.filter((text) => /^cpe:2\.3:[aho*-]:[\x21-\x7e]+$/.test(text));
}

/** The IRI of an element in SPDX 3; one of SPDX 2 has its namespace before it (SPDX 2.3, clause 6.5). */
export function elementIri({ document, id }: ImageElement): string {
  return document.major === 3 ? id : `${document.iri}#${id}`;
}
