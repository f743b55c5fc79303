import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/digest.ts';
import { copySuffixes } from '../../../src/oracle/copy-suffixes.ts';
import { fileFate } from '../../../src/oracle/fate.ts';
import type { Shipping } from '../../../src/oracle/shipped.ts';
import { owned, path, shipped, state } from './files.ts';

const port = 'port=8080\n';
const next = 'port=8080\ntls=on\n';
const edit = 'port=8443\n';
const owners = 'what the owner had';
const unlisted = 'edited, no longer listed, still shipped';
const dropped = 'edited, dropped from the package';

/** What the packages ship before and now, and what the owner had, of each row of the table. */
const rows: Record<string, { before: Shipping; now: Shipping; owner: string | undefined }> = {
  'edited, default unchanged': { before: shipped(port), now: shipped(port), owner: edit },
  'edited, default changed': { before: shipped(port), now: shipped(next), owner: edit },
  'unedited, default changed': { before: shipped(port), now: shipped(next), owner: port },
  'deleted, default changed': { before: shipped(port), now: shipped(next), owner: undefined },
  [unlisted]: {
    before: shipped(port),
    now: shipped(next, { conffile: false }),
    owner: edit,
  },
  [dropped]: { before: shipped(port), now: 'nothing', owner: edit },
  'made, new in the packages': { before: 'nothing', now: shipped(next), owner: edit },
};

type Copy = [suffix: string, content: string, holds: string, spurious?: 'spurious'];
type Cell = [manager: string, row: string, now: string | undefined, fate: string, ...copies: Copy[]];
const cells: Cell[] = [
  ['opkg', 'edited, default unchanged', edit, 'preserved', ['-opkg', port, 'the old default', 'spurious']],
  ['dpkg', 'edited, default unchanged', edit, 'preserved'],
  ['rpm %config', 'edited, default unchanged', edit, 'preserved'],
  ['rpm noreplace', 'edited, default unchanged', edit, 'preserved'],

  ['opkg', 'edited, default changed', edit, 'preserved', ['-opkg', next, 'the new default']],
  ['dpkg', 'edited, default changed', edit, 'preserved', ['.dpkg-dist', next, 'the new default']],
  ['rpm %config', 'edited, default changed', next, 'replaced with copy', ['.rpmsave', edit, owners]],
  ['rpm noreplace', 'edited, default changed', edit, 'preserved', ['.rpmnew', next, 'the new default']],

  ['opkg', 'unedited, default changed', next, 'default'],
  ['dpkg', 'unedited, default changed', next, 'default'],
  ['rpm %config', 'unedited, default changed', next, 'default'],
  ['rpm noreplace', 'unedited, default changed', next, 'default'],

  ['opkg', 'deleted, default changed', next, 'recreated'],
  ['dpkg', 'deleted, default changed', undefined, 'preserved', ['.dpkg-dist', next, 'the new default']],
  ['rpm %config', 'deleted, default changed', next, 'recreated'],
  ['rpm noreplace', 'deleted, default changed', next, 'recreated'],

  ['opkg', unlisted, next, 'replaced with copy', ['-opkg.backup', edit, owners]],
  ['dpkg', unlisted, next, 'lost'],
  ['rpm %config', unlisted, next, 'replaced with copy', ['.rpmsave', edit, owners]],
  ['rpm noreplace', unlisted, next, 'replaced with copy', ['.rpmsave', edit, owners]],

  ['opkg', dropped, undefined, 'replaced with copy', ['-opkg.backup', edit, owners]],
  ['dpkg', dropped, edit, 'preserved'],
  ['rpm %config', dropped, undefined, 'replaced with copy', ['.rpmsave', edit, owners]],
  ['rpm noreplace', dropped, undefined, 'replaced with copy', ['.rpmsave', edit, owners]],

  ['opkg', 'made, new in the packages', edit, 'preserved', ['-opkg', next, 'the new default']],
  ['dpkg', 'made, new in the packages', edit, 'preserved', ['.dpkg-dist', next, 'the new default']],
  ['rpm %config', 'made, new in the packages', next, 'replaced with copy', ['.rpmorig', edit, owners]],
  ['rpm noreplace', 'made, new in the packages', edit, 'preserved', ['.rpmnew', next, 'the new default']],
];

describe('the table of conffiles', () => {
  it.each(cells)('%s: %s', (_, row, now, fate, ...copies) => {
    const { before, now: ships, owner } = rows[row]!;
    const beside = Object.fromEntries(copies.map(([suffix, content]) => [suffix, content]));
    const seen = fileFate({
      before: owned(owner),
      after: state(now, beside),
      shippedBefore: before,
      shippedNow: ships,
    });
    expect(seen).toMatchObject({ path, case: row, fate });
    expect(seen.copies).toEqual(
      copies.map(([suffix, , holds, spurious]) => ({
        path: `${path}${suffix}`,
        holds,
        spurious: spurious !== undefined,
      })),
    );
    const place = copies.find(([, , holds]) => holds === owners)?.[0];
    expect(seen.copy).toBe(place === undefined ? undefined : `${path}${place}`);
  });
});

describe('fileFate', () => {
  const known = { shippedBefore: shipped(port), shippedNow: shipped(next) };
  const nobody = { shippedBefore: 'unknown', shippedNow: 'unknown' } as const;

  it('gives the first digits of each content, and leaves out what nobody knows', () => {
    expect(fileFate({ before: owned(edit), after: state(undefined), ...known }).digests).toEqual({
      owner: 'af21f08f8d99',
      shippedBefore: '732322f37243',
      shippedNow: 'cec4b85686a7',
      now: 'absent',
    });
    expect(Object.keys(fileFate({ before: owned(edit), after: state(edit), ...nobody }).digests)).toEqual([
      'owner',
      'now',
    ]);
  });

  it.each([
    ['as it was', port, 'stale default'],
    ['updated', next, 'default'],
    ['neither', 'port=\n', 'lost'],
    ['gone', undefined, 'lost'],
  ])('tells what became of an untouched default: %s', (_, now, fate) => {
    expect(fileFate({ before: owned(port), after: state(now), ...known }).fate).toBe(fate);
  });

  it.each([
    ['changed', edit, next, { owner: edit, now: next }],
    ['gone', edit, undefined, { owner: edit, now: '' }],
    ['as it was', edit, edit, undefined],
    ['no text now', edit, 'a\u0000b', undefined],
    ['too long for a record', edit, 'x'.repeat(5000), undefined],
  ])('gives both texts to compare: %s', (_, before, now, texts) => {
    expect(fileFate({ before: owned(before), after: state(now), ...known }).texts).toEqual(texts);
  });

  it('lets an untouched default go or stay with its package', () => {
    const gone = { shippedBefore: shipped(port), shippedNow: 'nothing' } as const;
    expect(fileFate({ before: owned(port), after: state(undefined), ...gone }).fate).toBe('default');
    expect(fileFate({ before: owned(port), after: state(port), ...gone }).fate).toBe('preserved');
  });

  it('looks at mode and ownership, also of a default', () => {
    const chmod = { before: owned(edit, undefined, '600 0:0'), after: state(edit) };
    expect(fileFate({ ...chmod, ...known }).fate).toBe('access changed');
    const untouched = { before: owned(port, undefined, '600 0:0'), after: state(next) };
    expect(fileFate({ ...untouched, ...known }).fate).toBe('access changed');
    const shippedSo = {
      shippedBefore: shipped(port, { access: '600 0:0' }),
      shippedNow: shipped(next, { access: '644 0:0' }),
    };
    expect(fileFate({ ...untouched, ...shippedSo }).fate).toBe('default');
  });

  it('finds a merge against what was shipped, or against what the owner found', () => {
    const after = state(`${edit}tls=on\n`);
    expect(fileFate({ before: owned(edit), after, ...known }).fate).toBe('merged');
    expect(fileFate({ before: owned(edit, port), after, ...nobody }).fate).toBe('merged');
    expect(fileFate({ before: owned(edit), after, ...nobody }).fate).toBe('lost');
    const bare = (content: string) => ({ sha256: sha256(content), conffile: true });
    const digests = { shippedBefore: bare(port), shippedNow: bare(next) };
    expect(fileFate({ before: owned(edit), after, ...digests }).fate).toBe('lost');
    expect(fileFate({ before: owned(edit, port), after, ...digests }).fate).toBe('merged');
  });

  it.each([
    ['made', owned(edit), 'unknown', 'unknown'],
    ['edited', owned(edit, port), 'unknown', 'unknown'],
    ['unedited', owned(port, port), 'unknown', 'unknown'],
    ['deleted', owned(undefined, port), 'unknown', 'unknown'],
    ['made, in no package', owned(edit, port), 'nothing', 'nothing'],
    [
      'edited, default changed, no conffile',
      owned(edit),
      shipped(port, { conffile: false }),
      shipped(next, { conffile: false }),
    ],
    ['edited', owned(edit), shipped(port), 'unknown'],
  ] as const)('names the case: %s', (name, before, shippedBefore, shippedNow) => {
    expect(fileFate({ before, after: state(edit), shippedBefore, shippedNow }).case).toBe(name);
  });

  it('calls a file of the device or the owner lost, not a default, where nobody knows what was shipped', () => {
    const key = { before: owned(port, port), after: state(next.slice(4)) };
    expect(fileFate({ ...key, ...nobody }).fate).toBe('lost');
  });

  it('does not hold copies against an upgrade that were there before', () => {
    const before = { ...owned(edit), copies: state(edit, { '-opkg': port, '.dpkg-old': edit }).copies };
    const same = { shippedBefore: shipped(port), shippedNow: shipped(port) };
    const seen = fileFate({ before, after: state(edit, { '-opkg': port, '.dpkg-old': edit }), ...same });
    expect(seen.copies.map(({ spurious }) => spurious)).toEqual([false, false]);
    const more = fileFate({ before, after: state(edit, { '-opkg': port, '.dpkg-bak': edit }), ...same });
    expect(more.copies.map(({ spurious }) => spurious)).toEqual([false, true]);
  });
});

const text = fc.stringMatching(/^([a-d]{0,2}\n){0,5}$/);
const maybe = fc.option(text, { nil: undefined });
const shipping: fc.Arbitrary<Shipping> = fc.oneof(
  fc.constant('unknown' as const),
  fc.constant('nothing' as const),
  fc.tuple(text, fc.boolean(), fc.boolean()).map(([content, conffile, kept]): Shipping => {
    const { content: bytes, ...file } = shipped(content, { conffile });
    return kept && bytes !== undefined ? { ...file, content: bytes } : file;
  }),
);
const copies = fc.dictionary(fc.constantFrom(...copySuffixes), text, { maxKeys: 3 });

describe('any file', () => {
  it('is never called lost where the bytes of the owner are anywhere, nor where the owner had none', () => {
    fc.assert(
      fc.property(
        maybe,
        maybe,
        maybe,
        copies,
        shipping,
        shipping,
        fc.option(fc.constantFrom(...copySuffixes), { nil: undefined }),
        (owner, found, now, beside, shippedBefore, shippedNow, keptIn) => {
          const all = keptIn === undefined || owner === undefined ? beside : { ...beside, [keptIn]: owner };
          const live = keptIn === undefined ? owner : now;
          const after = state(live, all);
          const { fate } = fileFate({ before: owned(owner, found), after, shippedBefore, shippedNow });
          expect(fate).not.toBe('lost');
        },
      ),
    );
  });

  it('is lost where none of what the owner wrote is anywhere', () => {
    fc.assert(
      fc.property(
        text,
        maybe,
        maybe,
        copies,
        shipping,
        shipping,
        (rest, found, now, beside, shippedBefore, shippedNow) => {
          const before = owned(`${rest}the owner's own line\n`, found);
          const seen = fileFate({ before, after: state(now, beside), shippedBefore, shippedNow });
          expect(seen.fate).toBe('lost');
          expect(seen.copy).toBeUndefined();
        },
      ),
    );
  });

  it('names as the place of the bytes only a copy that has them', () => {
    fc.assert(
      fc.property(
        maybe,
        maybe,
        copies,
        shipping,
        shipping,
        (owner, now, beside, shippedBefore, shippedNow) => {
          const seen = fileFate({
            before: owned(owner),
            after: state(now, beside),
            shippedBefore,
            shippedNow,
          });
          if (seen.copy !== undefined) expect(beside[seen.copy.slice(path.length)]).toBe(owner);
          else if (seen.fate === 'replaced with copy') expect.fail('a copy without a name');
        },
      ),
    );
  });
});

describe("a file that is nobody's", () => {
  const change = (now: string | undefined, shippedNow: Shipping) => ({
    before: owned(edit),
    after: state(now, { '.rpmsave': edit }),
    shippedBefore: shipped(port),
    shippedNow,
  });

  it.each([
    ['empty', ''],
    ['half', next.slice(0, 9)],
    ['gone', undefined],
  ])('is damaged where it is %s, although a copy has what the owner had', (_, now) => {
    expect(fileFate(change(now, shipped(next))).fate).toBe('damaged');
  });

  it('is not called so where nobody knows what is shipped', () => {
    expect(fileFate(change('', 'unknown')).fate).toBe('replaced with copy');
  });
});
