import type { OwnedFile } from './observation.ts';
import { isShipped, type Shipping } from './shipped.ts';

/** What is known of one file before an upgrade, and of what the upgrade brings. */
export interface FileHistory {
  before: OwnedFile;
  /** By the release that ran when the owner left the file so, and by the one that runs now. */
  shippedBefore: Shipping;
  shippedNow: Shipping;
}

/** The row of the table of conffiles that a file belongs to: `edited, default changed`. */
export function caseOf(history: FileHistory): string {
  return [whatOwnerDid(history), ...whatPackagesDid(history)].join(', ');
}

function whatOwnerDid({ before, shippedBefore }: FileHistory): string {
  const { content, found } = before;
  if (content === undefined) return 'deleted';
  if (shippedBefore === 'nothing') return 'made';
  if (shippedBefore !== 'unknown') return isShipped(shippedBefore, before) ? 'unedited' : 'edited';
  if (found === undefined) return 'made';
  return found.equals(content) ? 'unedited' : 'edited';
}

function whatPackagesDid({ shippedBefore: before, shippedNow: now }: FileHistory): string[] {
  if (before === 'unknown' || now === 'unknown') return [];
  if (before === 'nothing') return [now === 'nothing' ? 'in no package' : 'new in the packages'];
  if (now === 'nothing') return ['dropped from the package'];
  if (before.conffile && !now.conffile) return ['no longer listed, still shipped'];
  const change = before.sha256 === now.sha256 ? 'default unchanged' : 'default changed';
  return now.conffile ? [change] : [change, 'no conffile'];
}
