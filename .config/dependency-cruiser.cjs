/** Layers, lowest first: a folder imports only from rows above its own, never from its own row (src/README.md). */
const rows = [
  ['core'],
  ['model', 'process', 'document', 'filesystem'],
  ['package'],
  ['agents'],
  ['scenario', 'writelog', 'report', 'feed', 'hawkbit', 'host', 'qemu', 'guest', 'sbom'],
  ['nbd', 'oracle', 'explore', 'yocto', 'derive', 'admission', 'page'],
  ['image', 'target'],
  ['device', 'golden'],
  ['recording'],
  ['crash'],
  ['conform', 'cache'],
  ['runner'],
  ['cli'],
];

/**
 * Rooms within a folder, lowest first, by the same rule: a room imports from the rooms before its own and from the
 * folder's own files, never from its own row.
 */
const rooms = {
  filesystem: [['ext4', 'fat', 'uefi', 'partitions']],
  package: [['archive'], ['control', 'rpm']],
  image: [['packages', 'root', 'disk', 'bundles']],
};

/** The one folder that may import each of these packages. */
const owners = {
  execa: 'process',
  ssh2: 'guest',
  yaml: 'document',
  xml2js: 'report',
  chalk: 'report',
  diff: 'report',
  'p-retry': 'core',
  picomatch: 'core',
  commander: 'cli',
  '@commander-js/extra-typings': 'cli',
  openpgp: 'feed',
  send: 'feed',
  'tar-stream': 'package',
  'p-limit': 'runner',
  'spdx-expression-parse': 'sbom',
  'd3-selection': 'page',
  'd3-zoom': 'page',
};

const layerRules = rows.flatMap((row, i) =>
  row.map((folder) => {
    const below = rows.slice(i).flat().filter((other) => other !== folder);
    return {
      name: `layer-${folder}`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: `^src/(${below.length > 0 ? below.join('|') : 'none'})/` },
    };
  }),
);

const roomRules = Object.entries(rooms).flatMap(([folder, list]) =>
  list.flatMap((row, i) =>
    row.map((room) => ({
      name: `room-${folder}-${room}`,
      severity: 'error',
      from: { path: `^src/${folder}/${room}/` },
      to: { path: `^src/${folder}/(${list.slice(i).flat().filter((other) => other !== room).join('|') || 'none'})/` },
    })),
  ),
);

const ownerRules = Object.entries(owners).map(([name, folder]) => ({
  name: `owner-${name}`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
  to: { path: `node_modules/${name}/` },
}));

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...layerRules,
    ...roomRules,
    ...ownerRules,
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
