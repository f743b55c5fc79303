import type { Shell } from '../core/ask.ts';
import { systemClock } from '../core/clock.ts';
import { Deadline } from '../core/deadline.ts';
import { quote } from '../core/quote.ts';
import { refusalBy } from '../device/drive-agent.ts';
import type { RunContext } from '../device/run-context.ts';
import { fileHalfway } from '../recording/source-trouble.ts';

const killLimitMs = 60_000;
const pauseMs = 50;

/**
 * Has a release installed, and kills the agent once it has read half of it. Returns what then came of the installation:
 * what was said where it failed, undefined where it ended as if all were well. An agent that is done before it has read so
 * much, or that nobody can kill, is not killed.
 */
export async function killHalfway(
  context: RunContext,
  device: Shell,
  release: string,
  install: () => Promise<unknown>,
): Promise<string | undefined> {
  const { agent, feed, signal } = context;
  const { path, afterBytes } = fileHalfway(context, release);
  using force = feed.misbehave([{ kind: 'stalled', file: path, afterBytes }]);
  let over = false;
  const installing = refusalBy(install).finally(() => {
    over = true;
  });
  const names = (agent.programs ?? []).map(quote).join(' ');
  const killing = async () => {
    while (force.met === 0) {
      if (over) return;
      await systemClock.sleep(pauseMs, signal);
    }
    await device.run(`kill -9 $(pidof ${names})`, { deadline: Deadline.after(killLimitMs), signal });
  };
  const [refusal] = await Promise.all([installing, killing()]);
  return refusal;
}
