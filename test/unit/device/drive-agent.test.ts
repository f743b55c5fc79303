import { describe, expect, it } from 'vitest';
import { DeviceFailure } from '../../../src/core/errors.ts';
import { unlessBroken } from '../../../src/device/drive-agent.ts';
import { parseScenario } from '../../../src/scenario/load.ts';

const scenario = parseScenario(
  'name: n\nmachines: [qemuarm64]\nimage: i\nagent: opkg\nreleases: ["1", "2", "3"]\nexpect: { broken: { "2": [curl] } }\n',
  's.yaml',
);

describe('an upgrade', () => {
  const upgrade = async (to: string, code: string | undefined) => {
    const notices: string[] = [];
    const context = { scenario, notice: (text: string) => notices.push(text) };
    const result = await unlessBroken(context, { from: '1', to }, () =>
      code === undefined
        ? Promise.resolve('done')
        : Promise.reject(new DeviceFailure(code, 'ended with 255')),
    );
    return { result, notices };
  };

  it('to a release that is said to be broken may end with the agent saying so', async () => {
    expect(await upgrade('2', undefined)).toEqual({ result: 'done', notices: [] });
    for (const code of ['install-failed', 'update-failed', 'recover-failed'])
      expect(await upgrade('2', code)).toEqual({ result: undefined, notices: ['1->2: ended with 255'] });
  });

  it('fails in any other case', async () => {
    await expect(upgrade('2', 'install-timeout')).rejects.toMatchObject({ code: 'install-timeout' });
    await expect(upgrade('3', 'install-failed')).rejects.toMatchObject({ code: 'install-failed' });
    expect(await upgrade('3', undefined)).toEqual({ result: 'done', notices: [] });
  });
});
