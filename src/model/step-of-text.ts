import { momentTitles, plainMoments, type StepId } from './steps.ts';
import { upgradeName, upgradesOf } from './upgrade.ts';

/** The step of a path that a text of a program without ids is of. Names of faults have no colon. */
export function stepOf(text: string, releases: readonly string[]): StepId {
  const upgrade = upgradesOf(releases)
    .map(upgradeName)
    .find((one) => text.startsWith(`${one} `));
  if (upgrade !== undefined) return stepOfUpgrade(upgrade, text.slice(upgrade.length + 1));
  for (const moment of plainMoments) {
    const title = momentTitles[moment];
    if (title !== undefined && text.startsWith(`${title}: `))
      return { moment, check: text.slice(title.length + 2) };
  }
  return { moment: text === 'rollback' ? 'rollback' : 'in-service', check: text };
}

function stepOfUpgrade(upgrade: string, text: string): StepId {
  const [first = '', second, third] = text.split(': ');
  if (second === undefined) return { moment: 'upgrade', upgrade, check: first };
  if (third !== undefined) return { moment: 'repaired', upgrade, fault: first, check: third };
  if (first === 'before reboot') return { moment: 'before-reboot', upgrade, check: second };
  return { moment: 'faulty', upgrade, fault: first, check: second };
}
