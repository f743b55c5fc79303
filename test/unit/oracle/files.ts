import { sha256 } from '../../../src/core/digest.ts';
import type { FileState, OwnedFile } from '../../../src/oracle/observation.ts';
import type { ShippedFile } from '../../../src/oracle/shipped.ts';

export const path = '/etc/app.conf';

/** A file, or none, with the copies beside it by suffix. */
export function state(
  content: string | undefined,
  copies: Readonly<Record<string, string>> = {},
  access = '644 0:0',
): FileState {
  return {
    path,
    content: content === undefined ? undefined : Buffer.from(content),
    access: content === undefined ? undefined : access,
    copies: Object.entries(copies).map(([suffix, text]) => ({ suffix, content: Buffer.from(text) })),
  };
}

export function owned(content: string | undefined, found?: string, access?: string): OwnedFile {
  return {
    ...state(content, {}, access),
    links: 'kept',
    found: found === undefined ? undefined : Buffer.from(found),
  };
}

export function shipped(content: string, more: Partial<ShippedFile> = {}): ShippedFile {
  return { sha256: sha256(content), content: Buffer.from(content), conffile: true, ...more };
}
