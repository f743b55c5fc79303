/** Numbers of the header's tags (rpm 4.18, include/rpm/rpmtag.h; docs/manual/tags.md). */
export const tags = {
  signatures: 62,
  immutable: 63,
  locales: 100,
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  buildHost: 1007,
  size: 1009,
  vendor: 1011,
  license: 1014,
  packager: 1015,
  group: 1016,
  url: 1020,
  os: 1021,
  architecture: 1022,
  oldFileNames: 1027,
  fileSizes: 1028,
  fileModes: 1030,
  fileDevices: 1033,
  fileTimes: 1034,
  fileDigests: 1035,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  sourceRpm: 1044,
  fileVerifyFlags: 1045,
  archiveSize: 1046,
  changeTimes: 1080,
  changeNames: 1081,
  changeTexts: 1082,
  fileOwnDevices: 1095,
  fileInodes: 1096,
  fileLanguages: 1097,
  sourcePackage: 1106,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  payloadFlags: 1126,
  fileColors: 1140,
  fileClasses: 1141,
  classes: 1142,
  fileDependsStarts: 1143,
  fileDependsCounts: 1144,
  dependencies: 1145,
  longFileSizes: 5008,
  longSize: 5009,
  fileCapabilities: 5010,
  digestAlgorithm: 5011,
  vcs: 5034,
  fileSignatures: 5090,
  fileSignatureLength: 5091,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
  payloadDigestUnpacked: 5097,
  encoding: 5062,
  rpmFormat: 5114,
} as const;

/** Numbers of the signature's tags, some of which mean something else in the header (docs/manual/format_v4.md). */
export const signatureTags = {
  sha1: 269,
  longSize: 270,
  longPayloadSize: 271,
  sha256: 273,
  size: 1000,
  md5: 1004,
  payloadSize: 1007,
} as const;

/** Tags that have one value for each file of the package. */
export const perFileTags: readonly number[] = [
  tags.fileSizes,
  tags.fileModes,
  tags.fileDevices,
  tags.fileTimes,
  tags.fileDigests,
  tags.fileLinks,
  tags.fileFlags,
  tags.fileUsers,
  tags.fileGroups,
  tags.fileVerifyFlags,
  tags.fileOwnDevices,
  tags.fileInodes,
  tags.fileLanguages,
  tags.dirIndexes,
  tags.baseNames,
  tags.fileColors,
  tags.fileClasses,
  tags.fileDependsStarts,
  tags.fileDependsCounts,
  tags.longFileSizes,
  tags.fileCapabilities,
  tags.fileSignatures,
];

/** Bits of a file's flags (include/rpm/rpmfiles.h). */
export const fileFlags = { config: 1, doc: 2, missingOk: 8, noReplace: 16, ghost: 64, license: 128 } as const;

/** Relations to other packages: tags of names, flags and versions. */
export const relationTags = {
  provides: { names: 1047, flags: 1112, versions: 1113 },
  requires: { names: 1049, flags: 1048, versions: 1050 },
  conflicts: { names: 1054, flags: 1053, versions: 1055 },
  obsoletes: { names: 1090, flags: 1114, versions: 1115 },
  recommends: { names: 5046, flags: 5048, versions: 5047 },
  suggests: { names: 5049, flags: 5051, versions: 5050 },
  supplements: { names: 5052, flags: 5054, versions: 5053 },
  enhances: { names: 5055, flags: 5057, versions: 5056 },
} as const;

/** Bits of a relation's flags (include/rpm/rpmds.h). */
export const sense = {
  less: 2,
  greater: 4,
  equal: 8,
  scriptPostTrans: 1 << 5,
  prerequisite: 1 << 6,
  scriptPreTrans: 1 << 7,
  interpreter: 1 << 8,
  scriptPre: 1 << 9,
  scriptPost: 1 << 10,
  scriptPreUn: 1 << 11,
  scriptPostUn: 1 << 12,
  rpmlib: 1 << 24,
} as const;

/** Scriptlets: tags of the text, of the interpreter with its arguments, and of flags; and what needing one is called. */
export const scriptTags = {
  pretrans: { text: 1151, program: 1153, flags: 5024, need: sense.scriptPreTrans },
  pre: { text: 1023, program: 1085, flags: 5020, need: sense.scriptPre },
  post: { text: 1024, program: 1086, flags: 5021, need: sense.scriptPost },
  preun: { text: 1025, program: 1087, flags: 5022, need: sense.scriptPreUn },
  postun: { text: 1026, program: 1088, flags: 5023, need: sense.scriptPostUn },
  posttrans: { text: 1152, program: 1154, flags: 5025, need: sense.scriptPostTrans },
} as const;

/** Everything that runs when something happens: scriptlets, the check of `rpm -V`, triggers and file triggers. */
export const runningTags: readonly number[] = [
  ...Object.values(scriptTags).flatMap(({ text, program, flags }) => [text, program, flags]),
  ...[1079, 1091, 5026],
  ...[1065, 1066, 1067, 1068, 1069, 1092, 5027],
  ...Array.from({ length: 20 }, (_, i) => 5066 + i),
  ...[5104, 5105, 5106, 5107, 5108, 5109],
];

/** Hashes of files and payloads: their numbers in a header (RFC 4880, 9.4) and their names here. */
export const digestAlgorithms: Readonly<Record<number, string>> = {
  1: 'md5',
  2: 'sha1',
  8: 'sha256',
  9: 'sha384',
  10: 'sha512',
  11: 'sha224',
};
