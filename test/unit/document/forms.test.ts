import { describe, expect, it } from 'vitest';
import { fileMode, filePath, packageName, releaseName } from '../../../src/document/forms.ts';

describe('releaseName', () => {
  it.each(['1.0', '2026.1~rc1+git', '-1', '_base', 'x'.repeat(128)])('takes %s', (name) =>
    expect(releaseName.safeParse(name).success).toBe(true),
  );

  it.each(['', '.', '..', 'a/b', 'a b', 'x'.repeat(129)])('refuses %j', (name) =>
    expect(releaseName.safeParse(name).error?.issues[0]?.message).toMatch(/^a release: /),
  );
});

describe('packageName', () => {
  it.each(['nano', 'libstdc++6', '0ad', 'g_x-1.2'])('takes %s', (name) =>
    expect(packageName.safeParse(name).success).toBe(true),
  );

  it.each(['-f', '.a', 'a b', 'a/b', 'a;b', ''])('refuses %j', (name) =>
    expect(packageName.safeParse(name).error?.issues[0]?.message).toMatch(/^the name of a package: /),
  );
});

describe('filePath', () => {
  const path = filePath('in the package');
  it.each(['/etc/a', '/a b/.c', '/etc/..d'])('takes %s', (name) =>
    expect(path.safeParse(name).success).toBe(true),
  );

  it.each(['etc/a', '/', '/etc/', '/etc/../a', '/etc/.', '//a', '/a\nb'])('refuses %j', (name) =>
    expect(path.safeParse(name).error?.issues[0]?.message).toBe(
      'an absolute path in the package, without . or .. and without control characters',
    ),
  );
});

describe('fileMode', () => {
  it('reads octal digits', () => {
    expect(fileMode.parse('0640')).toBe(0o640);
    expect(fileMode.parse('4755')).toBe(0o4755);
  });

  it.each(['0o640', '888', '64', 640])('refuses %j', (mode) =>
    expect(fileMode.safeParse(mode).success).toBe(false),
  );
});
