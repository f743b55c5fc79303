import type { PackageFacts, ReadBuild } from '../../../src/admission/package-facts.ts';
import type { PackagePlan } from '../../../src/admission/plan.ts';

export const conffile = '/etc/tool.conf';

function build(release: string, more: Partial<PackageFacts> = {}): PackageFacts {
  return {
    machine: 'qemuarm64',
    release,
    name: 'tool',
    version: `${release}-r0`,
    architecture: 'all',
    file: `all/tool_${release}-r0_all.ipk`,
    sha256: release.repeat(8),
    bytes: 1234,
    stated: { License: 'MIT', Maintainer: 'Some | One <some@one.example>' },
    conffiles: [conffile],
    units: [{ name: 'tool.service', active: true, why: "enabled by the package's preset" }],
    ...more,
  };
}

export function read(release: string, more: Partial<PackageFacts> = {}): ReadBuild {
  const facts = build(release, more);
  return { facts, conffiles: new Map(facts.conffiles.map((path) => [path, Buffer.from('# x\n')])) };
}

export function plan(more: Partial<PackagePlan> = {}): PackagePlan {
  return {
    name: 'tool',
    builds: [build('1'), build('2')],
    missing: [],
    paths: [['1', '2'], ['2']],
    edits: [{ path: conffile, content: '# mine\n' }],
    unedited: [],
    units: ['tool.service'],
    idle: [],
    ...more,
  };
}
