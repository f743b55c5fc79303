import type { Shell } from '../core/ask.ts';
import { DeviceFailure } from '../core/errors.ts';
import type { AgentLimits, FeedPackage } from './agent.ts';
import { agentCommand } from './command.ts';

/** The end of what a program said, short enough for a message. */
const saidLimit = 600;
const query = "rpm --query --all --queryformat '%{NAME}\\t%{EVR}\\t%{ARCH}\\n'";

/** A package as rpm's database has it. */
export type Installed = Pick<FeedPackage, 'name' | 'version' | 'architecture'>;

/**
 * What rpm's database has. An empty list is no answer: rpm gives it, with 0, for a damaged database and for one that is
 * gone. Throws DeviceFailure `status-failed`.
 */
export async function installed(device: Shell, limits: AgentLimits): Promise<Installed[]> {
  const listed = await agentCommand(device, 'status', query, limits);
  const found = listed.split('\n').flatMap((line): Installed[] => {
    const [name = '', version = '', architecture] = line.split('\t');
    return architecture === undefined ? [] : [{ name, version, architecture }];
  });
  if (found.length > 0) return found;
  throw new DeviceFailure('status-failed', 'rpm ended with 0 and says that no package is installed');
}

/**
 * The same after a power cut. The database is SQLite's, whose write-ahead log the next program that opens it applies; only
 * where it still cannot be read is it rebuilt from the packages in it (rpmdb(8)), and `odd` says so.
 */
export async function installedAfterCut(
  device: Shell,
  limits: AgentLimits,
): Promise<{ found: Installed[]; odd?: string }> {
  try {
    return { found: await installed(device, limits) };
  } catch (error) {
    if (!(error instanceof DeviceFailure && error.code === 'status-failed')) throw error;
    await agentCommand(device, 'recover', 'rpm --rebuilddb', limits);
    return { found: await installed(device, limits), odd: 'after rpm --rebuilddb' };
  }
}

/** Throws DeviceFailure `<what>-failed` where a scriptlet failed: rpm and dnf end with 0 then. */
export function noScriptletFailed(program: 'rpm' | 'dnf', what: string, said: string): void {
  if (!/scriptlet failed, exit status|^Error in \w+ scriptlet/m.test(said)) return;
  throw new DeviceFailure(
    `${what}-failed`,
    `${program} ended with 0, but said: ${said.trim().slice(-saidLimit)}`,
  );
}
