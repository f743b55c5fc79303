import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ScenarioError } from '../core/errors.ts';
import { fileTrouble } from '../core/file-trouble.ts';
import type { NamedHawkbit } from '../device/release-server.ts';
import { Management } from '../hawkbit/management.ts';
import type { Scenario } from '../model/scenario.ts';

/**
 * What a scenario's server is spoken to with, once it has let us in; undefined where it names none. Throws ScenarioError
 * `hawkbit-credentials`, `hawkbit-unreachable`, `hawkbit-refused`.
 */
export async function hawkbitAccount(
  { server, source }: Pick<Scenario, 'server' | 'source'>,
  signal: AbortSignal,
): Promise<NamedHawkbit | undefined> {
  if (server === undefined) return undefined;
  const { address, tenant, credentials: place } = server.hawkbit;
  const from =
    'environment' in place ? `the environment variable ${place.environment}` : `the file ${place.file}`;
  const credentials = (
    'environment' in place
      ? process.env[place.environment]
      : await fileText(resolve(dirname(source.path), place.file), from)
  )?.trim();
  if (credentials === undefined || !/^[^:\s]+:\S+$/.test(credentials))
    throw new ScenarioError(
      'hawkbit-credentials',
      `${source.path}: server.hawkbit.credentials: ${from} ${credentials === undefined || credentials === '' ? 'is not set' : 'is not of the form user:password'}`,
    );
  const account = { address, tenant, credentials, from };
  await new Management(account, signal).check();
  return account;
}

async function fileText(path: string, from: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new ScenarioError('hawkbit-credentials', `${from} cannot be read: ${fileTrouble(error)}`, {
      cause: error,
    });
  }
}
