import { describe, expect, it } from 'vitest';
import { agentFor } from '../../../src/agents/index.ts';
import { device, limits } from './device.ts';

const file = '/var/lib/rauc-hawkbit-updater.conf';
const run = `rauc-hawkbit-updater -c ${file} >/run/brownout/rauc-hawkbit-updater.log 2>&1`;
const configuration = (bundle: string) => `[client]
hawkbit_server=10.0.2.2:5
ssl=false
tenant_id=DEFAULT
target_name=dev
auth_token=t
${bundle}
retry_wait=5
log_level=info
[device]
product=brownout
`;

/** What the agent is given, where the device tells the server what it told here. */
function source(told: string | undefined, heard: string[] = []) {
  const installed = (says: string) => {
    heard.push(says);
    return Promise.resolve(told);
  };
  const account = {
    url: 'http://10.0.2.2:5',
    tenant: 'DEFAULT',
    id: 'dev',
    token: 't',
    installed,
    heard: () => '',
  };
  return { url: 'http://x/b', folders: [], packages: [], older: false, account };
}

describe('rauc-hawkbit-updater', () => {
  it.each([
    ['verity', 'stream_bundle=true'],
    ['plain', 'bundle_download_location=/run/brownout/bundle.raucb'],
  ])('is told who it is, and installs a %s bundle', async (bundle, line) => {
    const agent = agentFor({ name: 'rauc', delivery: 'hawkbit', bundle });
    expect(agent.source).toEqual({ kind: 'bundle', format: bundle, by: 'hawkbit' });
    expect(agent.abilities).toContain('server');
    const { asked, ready } = device({});
    const heard: string[] = [];
    await agent.install(ready, source(undefined, heard), limits());
    expect(asked).toEqual([
      `mkdir -p /run/brownout && printf '%s' '${configuration(line)}' >${file} && sync`,
      run,
      'killall rauc-hawkbit-updater',
    ]);
    expect(heard).toEqual(['Software bundle installed successfully.']);
  });

  it('fails where it closes the order with another word', async () => {
    const { ready } = device({});
    const agent = agentFor({ name: 'rauc', delivery: 'hawkbit' });
    await expect(agent.install(ready, source('closed/failure No space'), limits())).rejects.toMatchObject({
      code: 'install-failed',
      message: 'the server was told: closed/failure No space',
    });
  });

  it('has the name of its order, and none before the first', async () => {
    const agent = agentFor({ name: 'rauc', delivery: 'hawkbit' });
    const read = `cat ${file} 2>/dev/null || true`;
    const known = device({ [read]: { stdout: configuration('stream_bundle=true') } });
    expect(await agent.accountOf?.(known.ready, limits())).toBe('dev');
    expect(await agent.accountOf?.(device({}).ready, limits())).toBeUndefined();
    expect(agentFor({ name: 'rauc' })).not.toHaveProperty('accountOf');
  });
});
