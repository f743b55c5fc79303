import { describe, expect, it } from 'vitest';
import { pathsThrough, planPackage } from '../../../src/admission/plan.ts';
import { scenarioText } from '../../../src/admission/scenario-text.ts';
import { parseScenario } from '../../../src/scenario/load.ts';
import { conffile, plan, read } from './builds.ts';

const none = { edits: new Map<string, string>(), units: undefined };
const arm = { machines: ['qemuarm64'] as const, asked: ['1', '2', '3'] };

describe('pathsThrough', () => {
  it('installs on each release and upgrades from each to each later one', () => {
    expect(pathsThrough(['1', '2', '3', '4'])).toEqual([
      ['1', '2', '3', '4'],
      ['1', '3'],
      ['1', '4'],
      ['2', '4'],
      ['3'],
      ['4'],
    ]);
    expect(pathsThrough(['1'])).toEqual([['1']]);
    expect(pathsThrough([])).toEqual([]);
  });
});

describe('planPackage', () => {
  it('leaves out the releases that lack the package on a machine, and says so', () => {
    const reads = [read('1'), read('2'), read('1', { machine: 'qemux86-64' })];
    const machines = ['qemuarm64', 'qemux86-64'] as const;
    const planned = planPackage('tool', reads, { machines, asked: ['1', '2'] }, none);
    expect(planned.paths).toEqual([['1']]);
    expect(planned.missing).toEqual([{ machine: 'qemux86-64', release: '2' }]);
  });

  it('edits each conffile that all builds have, as it was asked to or by a comment', () => {
    const reads = [read('1'), read('2', { conffiles: [conffile, '/etc/new.conf'] }), read('3')];
    const planned = planPackage('tool', reads, arm, none);
    expect(planned.edits).toEqual([{ path: conffile, content: expect.stringMatching(/^# .+\n$/) as string }]);
    expect(planned.unedited).toEqual([{ path: '/etc/new.conf', why: 'not in all of these releases' }]);
    const edits = new Map([[conffile, 'a=1\n']]);
    expect(planPackage('tool', reads, arm, { ...none, edits }).edits).toEqual([
      { path: conffile, content: 'a=1\n' },
    ]);
  });

  it('refuses to edit what is no conffile', () => {
    const edits = new Map([['/etc/tool.cnf', 'a']]);
    expect(() => planPackage('tool', [read('1')], arm, { ...none, edits })).toThrow(
      expect.objectContaining({ code: 'edit-unknown', hint: `it has ${conffile}` }),
    );
  });

  it('expects the units that were asked for', () => {
    expect(planPackage('tool', [read('1')], arm, none).units).toEqual(['tool.service']);
    expect(planPackage('tool', [read('1')], arm, { ...none, units: ['x.socket'] })).toMatchObject({
      units: ['x.socket'],
      idle: [{ unit: 'tool.service', why: 'not asked for' }],
    });
  });
});

describe('scenarioText', () => {
  const frame = { image: 'yocto-ipk', agent: 'opkg', machines: ['qemuarm64'], releases: ['1', '2'] } as const;
  const parsed = (more = {}) =>
    parseScenario(scenarioText(plan(more), frame, 'scenarios/tool.yaml'), 'scenarios/tool.yaml');

  it('is a scenario that does what was planned', () => {
    const scenario = parsed();
    expect(scenario.paths).toEqual([['1', '2'], ['2']]);
    expect(scenario.provision).toEqual([
      { install: { packages: ['tool'] } },
      { append: { path: conffile, content: '# mine\n' } },
    ]);
    expect(scenario.reinstall).toEqual(['tool']);
    expect(scenario.checks.map(({ name, when }) => [name, when])).toEqual([
      ['services', 'always'],
      ['failed units', 'always'],
    ]);
    expect(scenario.powerCuts.during).toEqual(['install']);
  });

  it('asks of rpm what it promises of a plain %config', () => {
    const text = scenarioText(
      plan(),
      { ...frame, agent: 'rpm', promise: { edited: 'kept-somewhere', deleted: 'may-return' } },
      's.yaml',
    );
    expect(parseScenario(text, 's.yaml').expect.configuration).toEqual({
      edited: 'kept-somewhere',
      deleted: 'may-return',
    });
  });

  it('knows what scripts are meant to change', () => {
    const changed = ['/var/lib/*', '/usr/bin/tool: "it"'];
    const text = scenarioText(plan(), { ...frame, changedByScripts: changed }, 's.yaml');
    expect(parseScenario(text, 's.yaml').expect.changedByScripts).toEqual(changed);
    expect(parsed().expect).not.toHaveProperty('changedByScripts');
  });

  it('asks nothing of services that are not there', () => {
    expect(parsed({ units: [] }).checks).toEqual([]);
    const idle = [{ unit: 'tool@.service', why: 'a template' }];
    expect(parsed({ units: [], idle }).checks.map(({ name }) => name)).toEqual(['failed units']);
  });
});
