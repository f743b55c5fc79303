import { describe, expect, it } from 'vitest';
import type { AgentSource } from '../../../src/agents/agent.ts';
import { type MakeWrong, withWrongReleases } from '../../../src/conform/wrong-releases.ts';

const actions = [{ do: 'install', release: 'new', must: 'refuse', wrong: 'unsigned' }] as const;
const cast = { old: '1.0', new: '2.0' };

/** The releases that a case is given besides the image's, and what was asked for to make them. */
async function given(source: AgentSource, made: Awaited<ReturnType<MakeWrong>>) {
  const asked: unknown[] = [];
  const context = { agent: { source }, manifest: { releases: {} } };
  const found = await withWrongReleases(context, { actions }, cast, (wanted) => {
    asked.push(wanted);
    return Promise.resolve(made);
  });
  return { asked, found: typeof found === 'string' ? found : found.manifest.releases };
}

describe('a wrong release', () => {
  it.each<[AgentSource, object]>([
    [{ kind: 'bundle', format: 'verity' }, { format: 'verity' }],
    [{ kind: 'repository', branch: 'stable' }, { branch: 'stable' }],
  ])('is one of its own beside the good one: %o', async (source, from) => {
    const { asked, found } = await given(source, { bundles: {}, feed: {} });
    expect(asked).toEqual([{ release: '2.0', wrong: 'unsigned', ...from }]);
    expect(found).toEqual({
      '2.0-unsigned': { version: '2.0-unsigned', content: { kind: 'unknown' }, bundles: {}, feed: {} },
    });
  });

  it.each<[AgentSource, RegExp, number]>([
    [{ kind: 'repository', branch: 'stable', deltas: true }, /has the signature of its commit in it/, 0],
    [{ kind: 'repository', by: 'hawkbit' }, /of which a part could be wrong/, 0],
    [{ kind: 'bundle', format: 'raw' }, /^nobody has signed anything$/, 1],
  ])('cannot be made of every source: %o', async (source, reason, times) => {
    const { asked, found } = await given(source, 'nobody has signed anything');
    expect(found).toMatch(reason);
    expect(asked).toHaveLength(times);
  });
});
