import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import type { AgentSpec } from '../../../src/model/scenario.ts';
import { device, limits } from './device.ts';

const source = { url: 'http://10.0.2.2:1/2.0/feed', folders: ['.'], packages: [], older: false };

describe('agentFor', () => {
  it("runs what the scenario says before the package manager's own recovery, and not before an upgrade", async () => {
    const agent = agentFor({ name: 'opkg', beforeRecovery: 'rm -f /var/cache/opkg/*' });
    const { asked, ready } = device({});
    await agent.install(ready, source, limits());
    expect(asked).not.toContain('rm -f /var/cache/opkg/*');
    asked.length = 0;
    await agent.packages?.recover(ready, source, limits());
    expect(asked[0]).toBe('rm -f /var/cache/opkg/*');
    expect(asked.at(-1)).toMatch(/ upgrade$/);
  });

  it('fails the recovery where that fails', async () => {
    const agent = agentFor({ name: 'apt', beforeRecovery: 'false' });
    const { ready } = device({ false: { exitCode: 1 } });
    await expect(agent.packages?.recover(ready, source, limits())).rejects.toMatchObject({
      code: 'recover-failed',
    });
  });

  it('gives each agent by its name', () => {
    expect(agentFor({ name: 'rpm' })).toMatchObject({
      name: 'rpm',
      source: { kind: 'feed', format: 'rpm', system: 'rpm' },
      packages: { promise: { edited: 'kept-somewhere', deleted: 'may-return' } },
    });
    const rauc = agentFor({ name: 'rauc', bundle: 'plain' });
    expect(rauc).toMatchObject({ name: 'rauc', source: { kind: 'bundle', format: 'plain' } });
    expect(rauc.packages).toBeUndefined();
  });

  it('knows which of them have a way back', () => {
    const hasOne = (spec: AgentSpec) => 'rollback' in agentFor(spec);
    expect(hasOne({ name: 'rauc' })).toBe(true);
    expect(hasOne({ name: 'opkg' })).toBe(false);
    expect(hasOne({ name: 'script', install: 'i' })).toBe(false);
    expect(hasOne({ name: 'script', install: 'i', rollback: 'r' })).toBe(true);
  });

  it('refuses what no scenario could have said', () => {
    expect(() => agentFor({ name: 'swupd' })).toThrow(
      expect.objectContaining({
        kind: 'harness',
        code: 'agent-unknown',
        message:
          'there is no agent swupd, only rauc, swupdate, mender, ostree, systemota, fullmetalupdate, opkg, apt, dpkg, rpm, dnf, script',
      }),
    );
    expect(() => agentFor({ name: 'rauc', bundle: 'casync' })).toThrow(/verity/);
  });
});
