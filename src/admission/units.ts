import { posix } from 'node:path';

/** One unit of systemd that a package brings. */
export interface UnitFacts {
  name: string;
  /** Whether it must be active on a device that has booted. */
  active: boolean;
  /** Why. */
  why: string;
}

/** Names of units that stay active once they are started (systemd.unit(5)). */
const lastingUnit = /^[\w:.@\\-]+\.(service|socket|timer|path|mount|automount)$/;

/**
 * Which of a package's units must be active after a boot. What the package's own presets enable (systemd.preset(5);
 * OpenEmbedded's systemd.bbclass writes one into each package with units); of a package without presets, what can be
 * enabled, since a distribution's packages enable their units when they are installed. `contents`: units and presets,
 * by path.
 */
export function unitFacts(contents: ReadonlyMap<string, Buffer>): UnitFacts[] {
  const presets = [...contents].filter(([path]) => path.endsWith('.preset'));
  const rules = presets.flatMap(([, text]) => text.toString('utf8').split('\n').flatMap(presetRule));
  const units = [...contents].filter(([path]) => lastingUnit.test(posix.basename(path)));
  return units
    .map(([path, text]) =>
      unitFact(posix.basename(path), text.toString('utf8'), presets.length > 0 ? rules : undefined),
    )
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface PresetRule {
  enable: boolean;
  unit: string;
}

function presetRule(line: string): PresetRule[] {
  const [, word, unit] = /^\s*(enable|disable)\s+(\S+)/.exec(line) ?? [];
  return word === undefined || unit === undefined ? [] : [{ enable: word === 'enable', unit }];
}

function unitFact(name: string, text: string, rules: readonly PresetRule[] | undefined): UnitFacts {
  const idle = (why: string) => ({ name, active: false, why });
  if (name.includes('@.')) return idle('a template');
  if (/^\s*Type\s*=\s*oneshot/m.test(text) && !/^\s*RemainAfterExit\s*=\s*(yes|true|on|1)/m.test(text))
    return idle('ends when its work is done');
  if (rules === undefined)
    return /^\s*\[Install\]/m.test(text)
      ? { name, active: true, why: 'it can be enabled, and the package has no preset' }
      : idle('nothing enables it');
  const rule = rules.find(({ unit }) => unit === name);
  if (rule === undefined) return idle("the package's preset does not name it");
  return rule.enable
    ? { name, active: true, why: "enabled by the package's preset" }
    : idle("disabled by the package's preset");
}
