import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { everythingPreserved } from '../../../src/model/configuration.ts';
import { checkConfiguration } from '../../../src/oracle/configuration.ts';
import type { FileState, OwnedFile } from '../../../src/oracle/observation.ts';
import type { Shipped } from '../../../src/oracle/shipped.ts';

const path = '/etc/localtime';
const zone = '/usr/share/zoneinfo/Europe/Berlin';
const none = { content: undefined, access: undefined };
const file = (content: string, access = '644 0:0') => ({ content: Buffer.from(content), access });
const link = (target: string, access = '777 0:0') => ({ kind: 'link' as const, ...file(target, access) });
const folder = (access: string) => ({ kind: 'folder' as const, ...file('', access) });
type What = Omit<FileState, 'path' | 'copies'>;

function judge(
  before: What,
  after: What & Partial<FileState>,
  shipped?: Shipped,
  promise = everythingPreserved,
) {
  const owned: OwnedFile = { path, copies: [], links: 'kept', found: undefined, ...before };
  const now: FileState = { path, copies: [], ...after };
  const terms = { promise, shippedBefore: shipped, shippedNow: [shipped] };
  const { verdict, code, message, files } = checkConfiguration([owned], [now], terms);
  return { verdict, code, message, ...files[0]! };
}

describe("what is the owner's and no regular file", () => {
  it('a link is preserved as a link, wherever it leads', () => {
    expect(judge(link(zone), link(zone))).toMatchObject({ verdict: 'passed', fate: 'preserved' });
    expect(judge(link('/nowhere'), link('/nowhere'))).toMatchObject({ fate: 'preserved' });
  });

  it('a link that was replaced by a copy of its target is lost, and so is one that leads elsewhere', () => {
    expect(judge(link(zone), file('TZif'))).toMatchObject({
      code: 'configuration-lost',
      fate: 'lost',
      kinds: { owner: `link to ${zone}`, now: 'file' },
      message: `${path} is a file now, not a link to ${zone}, and no copy has what the owner had`,
    });
    expect(judge(link(zone), link('/usr/share/zoneinfo/UTC'))).toMatchObject({
      fate: 'lost',
      message: `${path} is a link to /usr/share/zoneinfo/UTC now, not one to ${zone}, and no copy has what the owner had`,
    });
    expect(judge(link(zone), none)).toMatchObject({
      fate: 'lost',
      message: expect.stringContaining('is gone') as string,
    });
  });

  it('a file whose bytes are a link’s target is no link', () => {
    expect(judge(link(zone), file(zone)).fate).toBe('lost');
    expect(judge(file(zone), link(zone)).fate).toBe('lost');
  });

  it('a deleted link stays deleted, and one that is back is told', () => {
    expect(judge(none, none)).toMatchObject({ verdict: 'passed', fate: 'preserved' });
    expect(judge(none, link('/dev/null'))).toMatchObject({
      code: 'configuration-changed',
      fate: 'recreated',
    });
  });

  it('a copy that is a link can have what the owner had', () => {
    const copies = [{ suffix: '.rpmsave', kind: 'link' as const, content: Buffer.from(zone) }];
    const kept = { edited: 'kept-somewhere', deleted: 'stay-deleted' } as const;
    expect(judge(link(zone), { ...file('x'), copies }, undefined, kept)).toMatchObject({
      verdict: 'passed',
      fate: 'replaced with copy',
      copy: `${path}.rpmsave`,
    });
  });

  it('what the owner wrote through a link must be behind it', () => {
    const through = (content: string) => ({ ...link('/run/resolv.conf'), behind: Buffer.from(content) });
    expect(judge(through('mine'), through('mine')).fate).toBe('preserved');
    expect(judge(through('mine'), through('theirs'))).toMatchObject({
      fate: 'lost',
      message: expect.stringContaining(
        'is the same link, but what the owner wrote through it is not there',
      ) as string,
    });
    const shipped: Shipped = () => ({ kind: 'link', sha256: sha256('/run/resolv.conf'), conffile: false });
    expect(judge(through('mine'), through('theirs'), shipped).fate).toBe('lost');
  });

  it('a file that became a link to the same bytes is not lost, but of another kind', () => {
    const after = { ...link('/usr/etc/a'), behind: Buffer.from('mine') };
    expect(judge(file('mine'), after)).toMatchObject({
      code: 'configuration-changed',
      fate: 'kind changed',
      message: `${path} is a link to /usr/etc/a now, with what the owner had in it`,
    });
  });

  it('a link that a package ships is its default', () => {
    const shipped: Shipped = () => ({ kind: 'link', sha256: sha256(zone), conffile: false });
    expect(judge(link(zone), link(zone), shipped)).toMatchObject({
      fate: 'default',
      case: expect.stringContaining('unedited') as string,
    });
    expect(judge(file(zone), file(zone), shipped)).toMatchObject({
      fate: 'preserved',
      case: expect.stringContaining('edited') as string,
    });
  });

  it('modes and owners of folders are preserved', () => {
    expect(judge(folder('700 0:0'), folder('700 0:0')).fate).toBe('preserved');
    expect(judge(folder('700 0:0'), folder('755 0:0'))).toMatchObject({
      code: 'configuration-changed',
      fate: 'access changed',
    });
    expect(judge(folder('700 7:7'), folder('700 0:0')).fate).toBe('access changed');
    expect(judge(folder('700 0:0'), link('/data', '777 0:0')).fate).toBe('lost');
  });

  it('extended attributes are preserved where they were asked for; where a device cannot tell, a note says so', () => {
    const with_ = (attributes: FileState['attributes']) => ({
      ...file('a'),
      ...(attributes && { attributes }),
    });
    expect(judge(with_('user.a=0x01'), with_('user.a=0x01')).fate).toBe('preserved');
    expect(judge(with_('user.a=0x01'), with_('user.a=0x02'))).toMatchObject({
      fate: 'access changed',
      message: `${path} has other extended attributes`,
    });
    expect(judge(with_({ unknown: true }), with_({ unknown: true }))).toMatchObject({
      verdict: 'passed',
      note: 'extended attributes are not compared: the device has no getfattr',
    });
  });
});
