/** What is said of a vulnerability in a package, in the words of SPDX 3.0.1's relationships. */
export const vexKinds = {
  fixedIn: { type: 'security_VexFixedVulnAssessmentRelationship', words: 'fixed' },
  affects: { type: 'security_VexAffectedVulnAssessmentRelationship', words: 'affected' },
  doesNotAffect: { type: 'security_VexNotAffectedVulnAssessmentRelationship', words: 'not affected' },
  underInvestigationFor: {
    type: 'security_VexUnderInvestigationVulnAssessmentRelationship',
    words: 'under investigation',
  },
} as const;
export type VexKind = keyof typeof vexKinds;

/** Properties of such a relationship that are texts: SPDX 3.0.1, Security profile. */
export const vexTexts = [
  'security_vexVersion',
  'security_statusNotes',
  'security_impactStatement',
  'security_justificationType',
  'security_actionStatement',
] as const;

/** One statement of a document about a package. */
export interface VexStatement {
  kind: VexKind;
  /** `CVE-2023-1234`, or whatever the document calls it. */
  vulnerability: string;
  texts: Readonly<Partial<Record<(typeof vexTexts)[number], string>>>;
  /** The statement is about another build of the same upstream version than the one that is installed, perhaps. */
  isOfOtherBuild?: true;
}

/** What a statement that was taken over says besides. */
export const otherBuildComment =
  "Said of the image's package of the same upstream version; whether it is the same build is not known.";

/** A statement for people. */
export function vexText({ kind, vulnerability, texts, isOfOtherBuild }: VexStatement): string {
  const more = vexTexts.flatMap((name) => {
    const value = name === 'security_vexVersion' ? undefined : texts[name];
    return value === undefined ? [] : [value];
  });
  const rest = [...more, ...(isOfOtherBuild === true ? [otherBuildComment] : [])];
  return `VEX: ${vulnerability}: ${vexKinds[kind].words}${rest.length === 0 ? '' : `. ${rest.join('. ')}`}`;
}
