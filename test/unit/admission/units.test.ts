import { describe, expect, it } from 'vitest';
import { unitFacts } from '../../../src/admission/units.ts';

const contents = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([path, text]) => [path, Buffer.from(text)]));
const enabled = '[Install]\nWantedBy=multi-user.target\n';

describe('unitFacts', () => {
  it('takes the word of the package’s presets', () => {
    const units = unitFacts(
      contents({
        '/lib/systemd/system/avahi-daemon.service': enabled,
        '/lib/systemd/system/avahi-daemon.socket': enabled,
        '/lib/systemd/system/off.service': enabled,
        '/lib/systemd/system-preset/98-avahi.preset': 'enable avahi-daemon.service\n disable off.service\n',
      }),
    );
    expect(units).toEqual([
      { name: 'avahi-daemon.service', active: true, why: "enabled by the package's preset" },
      { name: 'avahi-daemon.socket', active: false, why: "the package's preset does not name it" },
      { name: 'off.service', active: false, why: "disabled by the package's preset" },
    ]);
  });

  it('expects of a package without presets what can be enabled', () => {
    const units = unitFacts(
      contents({
        '/usr/lib/systemd/system/a.service': enabled,
        '/usr/lib/systemd/system/b.service': '[Service]\n',
      }),
    );
    expect(units.map(({ active }) => active)).toEqual([true, false]);
  });

  it('expects nothing of templates, of what ends by itself, and of names that are no units', () => {
    const units = unitFacts(
      contents({
        '/lib/systemd/system/tty@.service': enabled,
        '/lib/systemd/system/once.service': `[Service]\nType=oneshot\n${enabled}`,
        '/lib/systemd/system/stays.service': `[Service]\nType=oneshot\nRemainAfterExit=yes\n${enabled}`,
        "/lib/systemd/system/x'; reboot;.service": enabled,
        '/lib/systemd/system/a.service.d': '',
      }),
    );
    expect(units.map(({ name, active }) => [name, active])).toEqual([
      ['once.service', false],
      ['stays.service', true],
      ['tty@.service', false],
    ]);
  });
});
