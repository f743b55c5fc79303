import type { Action } from './controller.ts';
import type { OrderFault } from './faults.ts';
import type { Artifact } from './messages.ts';

/** Bytes that no device has, and that a 64-bit integer still holds. */
const absurdSize = 2 ** 62;

/** Where a device finds a file, below its own address: of the only module. */
export function artifactPath(filename: string): string {
  return `/softwaremodules/1/artifacts/${encodeURIComponent(filename)}`;
}

/** What there is to deploy, with what is wrong with it. */
export function deploymentOf({ id, offer, terms }: Action, base: string, fault?: OrderFault): object {
  const { name, version, artifact, part = 'os', metadata } = offer;
  const { download, update, maintenanceWindow } = terms;
  return {
    id: String(id),
    deployment: {
      download,
      update,
      ...(maintenanceWindow === undefined ? {} : { maintenanceWindow }),
      chunks: [
        {
          part,
          version,
          name,
          ...(metadata === undefined
            ? {}
            : { metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })) }),
          artifacts:
            artifact === undefined
              ? []
              : [artifactOf(fault === undefined ? artifact : misdescribed(artifact, fault), base)],
        },
      ],
    },
  };
}

function artifactOf({ filename, bytes, hashes }: Artifact, base: string): object {
  const href = `${base}${artifactPath(filename)}`;
  return { filename, hashes, size: bytes, _links: { download: { href }, 'download-http': { href } } };
}

/** The same file with the hashes of another, or another size. */
function misdescribed(artifact: Artifact, fault: OrderFault): Artifact {
  if (fault === 'absurd size') return { ...artifact, bytes: absurdSize };
  const other = (hash: string) => hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
  const { sha1, md5, sha256 } = artifact.hashes;
  return { ...artifact, hashes: { sha1: other(sha1), md5: other(md5), sha256: other(sha256) } };
}

/** Another number for each state of an action, as hawkBit's is: a 32-bit integer with a sign. */
export function hashOf({ id, terms }: Action): number {
  return Buffer.from(JSON.stringify({ id, terms })).reduce(
    (hash, byte) => (Math.imul(hash, 31) + byte) | 0,
    0,
  );
}
